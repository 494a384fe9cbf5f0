// The floor for memory: a primary of node:cluster with two workers, nothing else.
const cluster = require('node:cluster');
const { createServer } = require('node:http');

if (cluster.isPrimary) {
  let listening = 0;
  for (let i = 0; i < 2; i++) cluster.fork().on('listening', () => ++listening === 2 && process.send({ action: 'egg-ready' }));
} else createServer((request, response) => response.end('ok')).listen(JSON.parse(process.env.OPTIONS).port);
