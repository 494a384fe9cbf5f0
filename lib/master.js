// Where frameworks of the egg kind find the class they extend or patch: require('egg-cluster/lib/master').
const { Master } = require('../dist/lib/index.cjs');

module.exports = Master;
module.exports.Master = Master;
module.exports.default = Master;
