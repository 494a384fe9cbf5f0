// A client of one instance, made from the table of verbs.

import { type Arguments, type CallVerb, type Results, type StreamVerb, type Surface, VERB_NAMES, VERBS, type VerbName } from '../protocol/control.js';
import type { LogLine } from '../protocol/log-line.js';
import { Operable } from '../protocol/operable.js';
import type { Account, StopAccount, UpgradeAccount } from '../protocol/snapshot.js';
import { askJson, askStream, type Target } from '../system/http-client.js';

/** Looking is quick; what changes something takes as long as it takes. */
const READ_MS = 5_000;

export class Client extends Operable {
  /** The verbs as they are, arguments by name. */
  readonly verbs: Surface;

  constructor(target: Target) {
    const verbs = surfaceOver(target);
    super(() => verbs);
    this.verbs = verbs;
  }

  /** Rejects with ERR_RELOAD_FAILED when newcomers fail three times: the old ones serve on. */
  reload(): Promise<Account> {
    return this.verbs.reload({});
  }
  restart(): Promise<Account> {
    return this.verbs.restart({});
  }
  /** A new master, on the same sockets. Rejects with ERR_NO_KEEPER, ERR_UPGRADE_FAILED: then the old one goes on. */
  upgrade(options: Arguments['upgrade'] = {}): Promise<UpgradeAccount> {
    return this.verbs.upgrade(options);
  }
  stop(options: Arguments['stop'] = {}): Promise<StopAccount> {
    return this.verbs.stop(options);
  }
  /** What was written; with `follow` also what will be, until `signal` aborts. */
  logs({ signal = new AbortController().signal, ...options }: Arguments['logs'] & { readonly signal?: AbortSignal } = {}): AsyncIterable<LogLine> {
    return this.verbs.logs(options, signal);
  }
}

function surfaceOver(target: Target): Surface {
  const methods = VERB_NAMES.map(verb => [verb, isStream(verb) ? streamOf(target, verb) : callOf(target, verb as CallVerb)]);
  return Object.fromEntries(methods) as unknown as Surface;
}

const isStream = (verb: VerbName): verb is StreamVerb => 'isStream' in VERBS[verb];

function callOf<V extends CallVerb>(target: Target, verb: V) {
  const { method, access } = VERBS[verb];
  return (args: Arguments[V]): Promise<Results[V]> =>
    askJson(target, { method, ...placed(verb, args), limitMs: access === 'read' ? READ_MS : undefined }) as Promise<Results[V]>;
}

function streamOf<V extends StreamVerb>(target: Target, verb: V) {
  return (args: Arguments[V], signal: AbortSignal): AsyncIterable<Results[V]> =>
    askStream(target, { method: 'GET', ...placed(verb, args), signal, limitMs: READ_MS }) as AsyncIterable<Results[V]>;
}

/** Arguments where they belong: in the path, in the query, in the body. */
function placed(verb: VerbName, args: Readonly<Record<string, unknown>>): { readonly path: string; readonly body?: unknown } {
  const { method, path } = VERBS[verb];
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const inPath = given.filter(([name]) => path.includes(`:${name}`));
  const rest = given.filter(([name]) => !path.includes(`:${name}`));
  const filled = inPath.reduce((text, [name, value]) => text.replace(`:${name}`, encodeURIComponent(String(value))), path as string);
  if (method === 'POST') return { path: filled, body: Object.fromEntries(rest) };
  const query = new URLSearchParams(Object.fromEntries(rest.map(([name, value]) => [name, String(value)]))).toString();
  return { path: query === '' ? filled : `${filled}?${query}` };
}
