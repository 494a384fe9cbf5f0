// User messages: the envelope that egg's ecosystem speaks, who may send it to whom, and the few actions the master believes.

export type Peer = 'master' | 'agent' | 'app' | 'parent';

/** On every IPC channel. A plain string `s` means `{ action: s, data: s }`. */
export interface Envelope {
  readonly action: string;
  readonly data?: unknown;
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  /** Pid of the one receiver, as text; `receiverWorkerId` is its newer name and wins. */
  readonly receiverPid?: string | undefined;
  readonly receiverWorkerId?: string | undefined;
}

export type Target = Peer | 'both';

const TARGETS: readonly string[] = ['master', 'agent', 'app', 'parent', 'both'] satisfies Target[];

/** Where a message goes that names no receiver. */
export const DEFAULT_TARGET: Readonly<Record<Peer, Target>> = { app: 'agent', agent: 'app', parent: 'master', master: 'both' };

/** Longer than any sensible name; shorter than a payload put in the wrong place. */
const LONGEST_ACTION = 1_024;

/** What the master does when told to, and whose word it takes. Any other action addressed to the master is only reported. */
export const CONTROL_ROUTES = {
  'agent-start': ['agent'],
  'app-start': ['app'],
  realport: ['app'],
  listening: ['app'],
  'reload-worker': ['agent', 'parent'],
} as const satisfies Record<string, readonly Peer[]>;

export type ControlAction = keyof typeof CONTROL_ROUTES;

/** Facts that only the master tells: nobody else can send them in its name. */
const MASTER_ONLY: ReadonlySet<string> = new Set(['app-exit', 'agent-exit', 'app-worker-died', 'agent-worker-died']);
const TOLD_TO_WORKERS: ReadonlySet<string> = new Set([...MASTER_ONLY, 'egg-pids', 'egg-ready', 'agent-start']);

/** What somebody else than the master may not tell agent, apps or parent. */
export function isMastersFact(action: string): boolean {
  return TOLD_TO_WORKERS.has(action);
}

export type Verdict = { readonly control: ControlAction } | { readonly pass: true } | { readonly refuse: string };

/** What the master makes of an action addressed to itself. */
export function judgeControl(action: string, from: Peer): Verdict {
  if (MASTER_ONLY.has(action)) return { refuse: `only the master says ${action}` };
  if (!Object.hasOwn(CONTROL_ROUTES, action)) return { pass: true };
  const control = action as ControlAction;
  const allowed: readonly Peer[] = CONTROL_ROUTES[control];
  return allowed.includes(from) ? { control } : { refuse: `${action} is not believed from ${from}` };
}

/** Anything at all → an envelope, or what is wrong with it. Never throws. */
export function parseEnvelope(message: unknown): Envelope | { readonly malformed: string } {
  if (typeof message === 'string') return { action: message, data: message };
  if (typeof message !== 'object' || message === null)
    return { malformed: `expected an object or a string, got ${message === null ? 'null' : typeof message}` };
  if (Array.isArray(message)) return { malformed: 'expected an object or a string, got an array' };
  const { action, to } = message as Partial<Record<string, unknown>>;
  if (typeof action !== 'string') return { malformed: `"action" should be a string, got ${typeof action}` };
  if (action.length > LONGEST_ACTION) return { malformed: `"action" is longer than ${LONGEST_ACTION} characters` };
  if (to !== undefined && to !== null && !isTarget(to)) return { malformed: `"to" should be one of ${TARGETS.join(', ')}` };
  return message as unknown as Envelope;
}

export function isTarget(to: unknown): to is Target {
  return typeof to === 'string' && TARGETS.includes(to);
}

/** The receiver's pid as text, whichever of the two names was used. */
export function receiverOf(envelope: Envelope): string | undefined {
  const receiver: unknown = envelope.receiverWorkerId ?? envelope.receiverPid;
  return (typeof receiver === 'string' && receiver !== '') || typeof receiver === 'number' ? String(receiver) : undefined;
}

export interface RealPort {
  /** A port, or the path of a UNIX socket. */
  readonly port: number | string;
  readonly isHttps: boolean | undefined;
}

/** `realport` carries a number (egg-cluster 1), or `{ port, protocol }`; a path counts as well. */
export function parseRealPort(data: unknown): RealPort | undefined {
  const { port, protocol } = typeof data === 'object' && data !== null ? (data as { port?: unknown; protocol?: unknown }) : { port: data, protocol: undefined };
  const isHttps = typeof protocol === 'string' ? protocol === 'https' : undefined;
  if (typeof port === 'string' && port !== '' && !/^\d+$/.test(port)) return { port, isHttps };
  const number = typeof port === 'string' || typeof port === 'number' ? Number(port) : Number.NaN;
  return Number.isInteger(number) && number > 0 && number <= 65_535 ? { port: number, isHttps } : undefined;
}
