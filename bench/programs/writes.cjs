// Writes RATE lines of 100 bytes a millisecond until it has written LINES, then one that says so; answers meanwhile.
const { createServer } = require('node:http');

const total = Number(process.env.LINES);
const rate = Number(process.env.RATE);
const index = process.env.APP_CLUSTER_WORKER_INDEX;
const startedAt = performance.now();
let written = 0;

function write() {
  const due = Math.min(total, Math.floor((performance.now() - startedAt) * rate));
  for (; written < due; written++) console.log(`${index} ${written} ${'x'.repeat(88)}`);
  if (written < total) setTimeout(write, 5);
  else console.log(`${index} done`);
}

createServer((_, response) => response.end('ok')).listen(process.env.PORT, write);
