require('app-cluster').startCluster(JSON.parse(process.env.OPTIONS));
