// As systemd's socket activation: binds a port, passes the socket as descriptor 3, and starts the command again when it has ended.
// Arguments: port, how many starts, command. Prints each pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';

const [port, starts, ...command] = process.argv.slice(2);
const held = net._createServerHandle('127.0.0.1', Number(port), 4, undefined, 0); // Bound, and never polled: nothing is accepted here.
if (typeof held === 'number') throw new Error(`binding port ${port}: errno ${held}`);
for (let start = 0; start < Number(starts); start++) {
  const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', ...command], {
    stdio: ['inherit', 'inherit', 'inherit', held.fd],
    env: { ...process.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' },
  });
  console.log('holder started', child.pid);
  await once(child, 'exit');
}
held.close();
