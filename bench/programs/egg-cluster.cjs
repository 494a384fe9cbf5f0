// The peer: the same framework application on egg-cluster.
require('egg-cluster').startCluster(JSON.parse(process.env.OPTIONS));
