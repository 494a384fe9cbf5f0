// Listening sockets that outlive every worker: bound once, never polled, never accepted on here. The only user of
// `net._createServerHandle`, which is non-public, because no public call binds without listening. Present with the same
// signature on Node 20, 22, 24 and 26; `canHoldSockets` tells where it is not, and stock `cluster` serves then.

import { lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import { relative, resolve } from 'node:path';
import type { ListenQuery } from '../protocol/listen-query.js';

export type { ListenQuery };

/** Core's question of a worker for a listening socket. */
export function isListenQuestion({ act }: Readonly<Record<string, unknown>>): boolean {
  return act === 'queryServer';
}

export function isDatagramQuery({ addressType, address, port, fd }: Readonly<Record<string, unknown>>): boolean {
  const isPlausible = (address === null || address === undefined || typeof address === 'string') && typeof port === 'number' && typeof fd !== 'object';
  return (addressType === 'udp4' || addressType === 'udp6') && isPlausible;
}

/** Undefined for what no `listen` of Node's would ask. */
export function parseListenQuery(message: Readonly<Record<string, unknown>>): ListenQuery | undefined {
  const { address, port, addressType, fd, index } = message;
  const isStream = addressType === 4 || addressType === 6 || (addressType === -1 && typeof address === 'string');
  const hasAddress = address === null || address === undefined || typeof address === 'string';
  const isPlausible =
    isStream &&
    hasAddress &&
    typeof port === 'number' &&
    (fd === undefined || fd === null || typeof fd === 'number') &&
    (index === undefined || typeof index === 'number');
  return isPlausible ? ({ ...message, address: address ?? null } as unknown as ListenQuery) : undefined;
}

export interface RawHandle {
  onconnection: ((status: number, client: RawHandle | undefined) => void) | null;
  listen(backlog: number): number;
  close(callback?: () => void): void;
  fchmod?(mode: number): number;
  getsockname?(out: object): number;
  getpeername?(out: object): number;
}

export interface HeldSocket {
  readonly key: string;
  readonly query: ListenQuery;
  readonly handle: RawHandle;
  /** What the first server there shares with its siblings: TLS ticket keys. */
  readonly data: unknown;
}

type CreateHandle = (
  address: string | null,
  port: number | null,
  type: number | string,
  fd: number | undefined,
  flags: number | undefined,
) => RawHandle | number;

const createHandle = (net as unknown as { _createServerHandle?: CreateHandle })._createServerHandle;

/** Libuv's numbers are negative errnos. */
export const EADDRINUSE = -constants.errno.EADDRINUSE;
export const EINVAL = -constants.errno.EINVAL;

/** Boot probe: binds and drops a loopback socket. Undefined when all is well, else why sockets cannot be held. */
export function canHoldSockets(): string | undefined {
  if (typeof createHandle !== 'function') return 'this Node has no net._createServerHandle';
  const handle = createHandle('127.0.0.1', 0, 4, undefined, 0);
  if (typeof handle === 'number') return `binding a loopback port failed with errno ${handle}`;
  const name: { port?: number } = {};
  const isBound = handle.getsockname?.(name) === 0 && typeof name.port === 'number' && name.port > 0;
  handle.close();
  return isBound ? undefined : 'a bound handle does not know its port';
}

/** One name for one address, as core builds it; every further `listen(0)` of a worker is an address of its own. */
export function keyOf({ address, port, addressType, fd, index }: ListenQuery): string {
  return `${address}:${port}:${addressType}:${fd}${port === 0 ? `:${index}` : ''}`;
}

export const isPath = ({ addressType, port }: ListenQuery): boolean => addressType === -1 || port < 0;

/** Sockets that outlive those who listen on them: here, or in the keeper. */
export interface SocketStore {
  readonly all: readonly HeldSocket[];
  /** The socket of that address, bound now if it is not yet; or a negative errno. */
  hold(query: ListenQuery, data: unknown): Promise<HeldSocket | number>;
  /** Given up: newcomers are refused. */
  release(key: string): void;
  /** Resolves when they are closed, a keeper's as well. */
  releaseAll(): Promise<void>;
  /** Ours are closed; a keeper's stay. */
  dropAll(): void;
}

/** A socket that was bound by somebody else, and is meant by that listen. */
export type Inherited = (query: ListenQuery) => RawHandle | undefined;

export class HeldSockets implements SocketStore {
  readonly #inherited: Inherited;
  readonly #held = new Map<string, HeldSocket>();
  readonly #binding = new Map<string, Promise<HeldSocket | number>>();

  constructor(inherited: Inherited = () => undefined) {
    this.#inherited = inherited;
  }

  get all(): readonly HeldSocket[] {
    return [...this.#held.values()];
  }

  async hold(query: ListenQuery, data: unknown): Promise<HeldSocket | number> {
    const key = keyOf(query);
    const held = this.#held.get(key);
    if (held) return held;
    const binding = this.#binding.get(key) ?? this.#bind(key, query, data).finally(() => this.#binding.delete(key));
    this.#binding.set(key, binding);
    return binding;
  }

  /** What was inherited stays bound: whoever bound it decides. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held !== undefined && this.#inherited(held.query) !== held.handle) held.handle.close();
    this.#held.delete(key);
  }

  async releaseAll(): Promise<void> {
    for (const key of [...this.#held.keys()]) this.release(key);
  }

  dropAll(): void {
    void this.releaseAll();
  }

  async #bind(key: string, query: ListenQuery, data: unknown): Promise<HeldSocket | number> {
    let handle = this.#inherited(query) ?? bind(query);
    if (handle === EADDRINUSE && isPath(query) && (await isStalePath(query.address))) handle = unlinked(String(query.address)) ?? bind(query);
    if (typeof handle === 'number') return handle;
    const held = { key, query, handle, data };
    this.#held.set(key, held);
    return held;
  }
}

function bind(query: ListenQuery): RawHandle | number {
  if (createHandle === undefined) return -constants.errno.ENOSYS;
  let handle: RawHandle | number;
  try {
    handle = createHandle(shortest(query), query.port, query.addressType, query.fd, query.flags);
  } catch {
    return -constants.errno.EINVAL; // A descriptor that is no socket throws instead.
  }
  if (typeof handle === 'number') return handle;
  // bind(2) reports EADDRINUSE late: libuv keeps it for the first use, and it would be lost once the descriptor travels.
  const error = handle.getsockname?.({}) ?? 0;
  if (error < 0) {
    handle.close();
    return error;
  }
  const mode = (query.readableAll ? 1 : 0) | (query.writableAll ? 2 : 0); // UV_READABLE, UV_WRITABLE
  if (mode !== 0) handle.fchmod?.(mode);
  return handle;
}

/** A socket that this process was given as a descriptor: as it is, and not polled. Or a negative errno: it is none, or a datagram's. */
export function adoptDescriptor(fd: number): RawHandle | number {
  try {
    return createHandle?.(null, null, -1, fd, 0) ?? -constants.errno.ENOSYS; // No port: -1 is refused together with a descriptor.
  } catch {
    return EINVAL;
  }
}

/** Undefined, or the errno of a path that may not be removed. */
function unlinked(path: string): number | undefined {
  try {
    unlinkSync(path);
    return undefined;
  } catch (error) {
    return -Math.abs((error as NodeJS.ErrnoException).errno ?? constants.errno.EACCES);
  }
}

/** A UNIX path has room for 107 bytes (unix(7)): the relative spelling may fit where the absolute one does not. */
function shortest(query: ListenQuery): string | null {
  const { address } = query;
  if (!isPath(query) || address === null || address.startsWith('\0')) return address;
  const path = relative(process.cwd(), resolve(address));
  return path.length < address.length ? path : address;
}

/** A socket file whose process is gone refuses connections. So does a file of another kind, which is not ours to remove. */
function isStalePath(path: string | null): Promise<boolean> {
  if (path === null || path.startsWith('\0') || !lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return Promise.resolve(false);
  return new Promise(settle => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      settle(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'));
  });
}
