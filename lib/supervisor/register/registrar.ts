// A service registry, as the supervisor sees it: three calls. What they are on the wire is told by one file per kind of registry.

/** No call may take longer, the delete of a stop included. */
export const CALL_LIMIT_MS = 5_000;

/** One instance of one service, as others are to find it. */
export interface Registration {
  /** Whatever its case: registries may have rules of their own. */
  readonly app: string;
  /** Unique within its app. */
  readonly instanceId: string;
  /** A name or an address by which others reach it. */
  readonly host: string;
  readonly port: number;
  /** Default: `host`. */
  readonly ipAddress?: string | undefined;
  readonly homePageUrl?: string | undefined;
  readonly statusPageUrl?: string | undefined;
  readonly healthCheckUrl?: string | undefined;
}

/** Where none is configured. As Spring has it. */
export const instanceIdOf = ({ host, app, port }: Pick<Registration, 'host' | 'app' | 'port'>): string => `${host}:${app}:${port}`;

/**
 * Stateless: who calls what and when is the business of `Heartbeats`. Each call rejects when it cannot be done, and as soon as `signal` aborts;
 * it sends nothing after that. The message of an error holds no secret.
 */
export interface Registrar {
  /** Where it is, without credentials: for events and people. */
  readonly registry: string;
  /** As healthy; one that is known already is replaced. */
  register(registration: Registration, signal: AbortSignal): Promise<void>;
  /** `unknown`: the registry has forgotten it. */
  renew(registration: Registration, signal: AbortSignal): Promise<'renewed' | 'unknown'>;
  /** One that is not known is none, and that is success. */
  deregister(registration: Registration, signal: AbortSignal): Promise<void>;
}
