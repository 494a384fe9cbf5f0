// A port that is meant for somebody who does not listen yet, claimed for all supervisors of this machine, whoever's they are: a socket in
// Linux' abstract namespace (unix(7)), which ends with its process, whatever ends that. Elsewhere every claim is granted.

import { createServer, type Server } from 'node:net';
import { platform } from 'node:os';

export interface PortClaim {
  release(): void;
}

const GRANTED: PortClaim = { release: () => {} };

/** Undefined: somebody has it. */
export function claimPort(port: number): Promise<PortClaim | undefined> {
  if (platform() !== 'linux') return Promise.resolve(GRANTED);
  return new Promise(resolve => {
    const server = createServer(socket => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE' ? undefined : GRANTED));
    server.listen(`\0app-cluster/port/${port}`, () => {
      server.unref();
      resolve({ release: () => void close(server) });
    });
  });
}

function close(server: Server): void {
  server.close(() => {});
}
