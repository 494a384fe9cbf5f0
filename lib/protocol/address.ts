// Where something listens, and what it is.

export interface Address {
  readonly protocol: 'http' | 'https';
  /** Undefined for a UNIX socket. */
  readonly port?: number | undefined;
  /** As people write it: `http://127.0.0.1:7001`, or the socket's path. */
  readonly text: string;
}

export interface ProgramFacts {
  readonly name: string;
  readonly version: string;
}

/** Where a worker listens, as `cluster` tells it. */
export interface ListeningAddress {
  /** -1 for a UNIX socket, which then has its path as `address`. */
  readonly addressType: number | string;
  readonly port?: number | undefined;
  readonly address?: string | null | undefined;
}
