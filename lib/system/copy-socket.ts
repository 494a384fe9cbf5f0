// Main module of a child process that lives for some milliseconds: copies a listening socket from the descriptor it inherited to the
// thread that forked it. Never listens, so it can never accept.

import net from 'node:net';

const INHERITED = 4;

type CreateHandle = (address: null, port: number, type: number, fd: number, flags: undefined) => object | number;
const createHandle = (net as unknown as { _createServerHandle?: CreateHandle })._createServerHandle;

const handle = createHandle?.(null, 0, -1, INHERITED, undefined);
if (typeof handle === 'object') process.send?.('socket', handle as net.Server, {}, () => process.disconnect());
else process.disconnect();
