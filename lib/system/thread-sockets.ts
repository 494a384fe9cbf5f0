// `listen` in a worker thread, as `cluster` does it for a process: the master binds, every thread accepts from a copy of the one
// socket. So threads can share a port, and what waits in the queue outlives a thread.
//
// Threads cannot pass sockets to each other, and a descriptor that two of them own would be closed twice. A short-lived child
// process inherits the descriptor and sends the thread a copy over its channel: public calls on both sides (copy-socket.ts).
// The hook is `net.Server.prototype._listen2`, non-public and the same on Node 20, 22, 24 and 26: `cluster` calls it after it has
// put a handle into `server._handle`, and so do we. Where it is missing, threads listen for themselves.

import { Server } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { COPY_SOCKET_FILE } from './entries.js';
import { environmentWith } from './environment.js';
import { requirePackage as requireModule } from './require-package.js';
import { onThreadWord, sayOnThread } from './thread-line.js';

type Address = readonly [address: string | null, port: number, addressType: number | string, backlog: number, fd?: number, flags?: number];
type Listen2 = (this: ListeningServer, ...where: Address) => void;
interface ListeningServer extends Server {
  _handle: CopiedHandle | null;
  _listen2: Listen2;
}
interface CopiedHandle {
  close(callback?: () => void): void;
}
interface Answer {
  readonly errno: number;
  readonly key: string;
  readonly fd?: number;
}

const CMD = 'NODE_CLUSTER';
const UNKNOWN_ERROR = -11; // EAGAIN

/** @param listensForItself servers that asked for a socket of their own (reusePort, exclusive) */
export function shareSockets(listensForItself: WeakSet<Server>): void {
  const prototype = Server.prototype as ListeningServer;
  const { _listen2: listen2 } = prototype;
  if (typeof listen2 !== 'function') return;
  const ask = question();
  const indexes = new Map<string, number>();
  prototype._listen2 = function (...where) {
    if (listensForItself.has(this) || this._handle) return listen2.apply(this, where as unknown as Parameters<Listen2>);
    const [address, port, addressType, , fd, flags] = where;
    const name = `${address}:${port}:${addressType}:${fd}`;
    const index = indexes.get(name) ?? 0;
    indexes.set(name, index + 1);
    ask({ act: 'queryServer', address, port, addressType, fd: fd ?? null, index, flags })
      .then(async ({ errno, key, fd: held }) => {
        if (errno !== 0) throw failure(errno, where);
        if (held !== undefined && held >= 0) this._handle = reporting(await copyOf(held, where), key); // Else there is none to share.
        listen2.apply(this, where as unknown as Parameters<Listen2>);
      })
      .catch((error: Error) => this.emit('error', error));
  };
}

function question(): (query: object) => Promise<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let seq = 0;
  onThreadWord(({ cmd, ack, ...answer }) => {
    if (cmd !== CMD || typeof ack !== 'number') return;
    waiting.get(ack)?.(answer as unknown as Answer);
    waiting.delete(ack);
  });
  return query =>
    new Promise(resolve => {
      waiting.set(++seq, resolve);
      sayOnThread({ cmd: CMD, seq, ...query });
    });
}

/** The child gets the master's descriptor as its fifth, and nothing of user code. */
function copyOf(fd: number, where: Address): Promise<CopiedHandle> {
  return new Promise((resolve, reject) => {
    const env = environmentWith({ NODE_OPTIONS: '' });
    const { fork } = requireModule<typeof import('node:child_process')>('node:child_process'); // Only here: worker processes load this file too.
    const child = fork(COPY_SOCKET_FILE, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc', fd], execArgv: [], env });
    child.once('message', (_, handle) => resolve(handle as unknown as CopiedHandle));
    child.once('error', reject);
    child.once('exit', () => setImmediate(() => reject(failure(UNKNOWN_ERROR, where)))); // After its message, if there was one.
  });
}

function reporting(handle: CopiedHandle, key: string): CopiedHandle {
  const close = handle.close.bind(handle);
  handle.close = callback => {
    sayOnThread({ cmd: CMD, act: 'close', key });
    close(callback);
  };
  return handle;
}

/** In the words of Node: `bind EADDRINUSE null:7001`. */
function failure(errno: number, [address, port]: Address): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`bind ${code} ${address}${port > 0 ? `:${port}` : ''}`), { errno, code, syscall: 'bind', address, port });
}
