// Core's `queryServer` message, as far as it matters here: what a worker's `listen` asks its master.

export interface ListenQuery {
  readonly address: string | null;
  readonly port: number;
  /** 4, 6, or -1 for a UNIX path. */
  readonly addressType: number | string;
  readonly fd: number | undefined;
  readonly index: number;
  readonly flags?: number | undefined;
  readonly readableAll?: boolean | undefined;
  readonly writableAll?: boolean | undefined;
}
