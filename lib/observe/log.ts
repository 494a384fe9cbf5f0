// ClusterEvent → log lines. The only place with log texts. Where egg-cluster has a wording, it is kept word for word: its
// users' tools and tests read it.

import { ClusterWorkerExceptionError } from '../errors.js';
import { deathText, errorLines } from '../protocol/death.js';
import type { ClusterEvent, EventOf, EventType } from '../protocol/events.js';
import { hangText } from '../protocol/hang.js';
import { spanText, wearText } from '../protocol/quantities.js';
import type { SupervisorFact } from '../protocol/service-events.js';
import { isEgg4 } from '../system/entries.js';
import type { Level, Logger } from './logger.js';
import { lossText } from './loss-text.js';
import { SPARE_TEXTS } from './spare-text.js';

interface Line {
  /** `log`: info, or debug while developing. */
  readonly level: Level | 'log';
  readonly text: string | Error;
}

type Lines = Line | readonly Line[] | undefined;
/** A supervisor's facts are told elsewhere. */
type Texts = { readonly [T in Exclude<EventType, SupervisorFact>]: (event: EventOf<T>) => Lines };

const line = (level: Line['level'], text: string | Error): Line => ({ level, text });
const worker = ({ role, id, pid }: { role: string; id: number; pid: number }) => `${role}_worker#${id}:${pid}`;
const json = (value: unknown) => JSON.stringify(value);
const named = (pids: readonly number[], names: Readonly<Record<string, string>> = {}) =>
  pids.map(pid => (names[pid] === undefined ? String(pid) : `${names[pid]}:${pid}`)).join(', ');
const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
class NamedError extends Error {
  constructor(name: string, message: string, facts: object = {}) {
    super(message);
    Object.assign(this, { name, ...facts });
    withoutStack(this);
  }
}

/** Where in the runtime it was noticed says nothing. */
function withoutStack(error: Error): Error {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

function starting({ program, options, environment, workers }: EventOf<'cluster-starting'>): Line[] {
  const { isProduction, serverEnv, nodeEnv, nodeVersion } = environment;
  return [
    line('log', `[master] =================== ${program.name} start =====================`),
    line('info', `[master] node version ${nodeVersion}`),
    line('info', `[master] ${program.name} version ${program.version}`),
    line(isProduction ? 'info' : 'log', `[master] start with options:${isProduction ? `\n${JSON.stringify(options, null, 2)}` : ` ${json(options)}`}`),
    line('log', `[master] start with env: isProduction: ${isProduction}, EGG_SERVER_ENV: ${serverEnv}, NODE_ENV: ${nodeEnv}`),
    line('log', `[master] workers: ${workers.count} (${workers.why})`),
  ];
}

function started({ name, address, tookMs, isSticky, debugPort }: EventOf<'cluster-started'>): Line[] {
  const main = line('info', `[master] ${name} started on ${address.text} (${tookMs}ms)${isSticky ? ' with STICKY MODE!' : ''}`);
  const debug = debugPort === undefined ? [] : [line('info', `[master] ${name} started on http://127.0.0.1:${debugPort}`)];
  return [main, ...debug];
}

function startFailed({ role, id, pid, message, exitCode }: EventOf<'cluster-start-failed'>): Line[] {
  const who = role === undefined || id === undefined || pid === undefined ? 'master' : worker({ role, id, pid });
  return [line('error', `[master] ${message}`), line('error', `[master] ${who} start fail, exiting with code:${exitCode === 78 ? 78 : 1}`)];
}

function stopping({ signal, budgetMs, memory }: EventOf<'cluster-stopping'>): Line[] {
  const { totalBytes, freeBytes, heapLimitBytes, heapUsedBytes } = memory;
  if (signal === undefined) return [line('log', '[master] closing')];
  return [
    line('info', `[master] master is killed by signal ${signal}, closing`),
    line('info', `[master] system memory: total ${totalBytes}, free ${freeBytes}`),
    line('info', `[master] process info: heap_limit ${heapLimitBytes}, heap_used ${heapUsedBytes}`),
    line('debug', `[master] ${budgetMs}ms for all of it`),
  ];
}

function crewStopping({ role, waitMs }: EventOf<'crew-stopping'>): Line[] {
  const who = role === 'app' ? 'app workers' : 'agent worker';
  return [line('info', `[master] send kill SIGTERM to ${who}, will exit with code:0 after ${waitMs}ms`), line('info', `[master] wait ${waitMs}ms`)];
}

/** A worker that goes on purpose, or before the first start is over, is not replaced: cfork has a line for that. */
const notReplaced = (pid: number) => line('info', `[cfork:master] don't fork, because worker:${pid} will be kill soon`);

function disconnected(event: EventOf<'child-disconnected'>): Line[] {
  if (event.role === 'agent') return [];
  const facts = `suicide: ${event.askedFor}, state: ${event.state}, current workers: ${json(event.pids)}`;
  const main = line('info', `[master] ${worker(event)} disconnect, ${facts}`);
  return event.askedFor ? [notReplaced(event.pid), main] : [main];
}

function forked(event: EventOf<'child-forked'>): Line | Line[] {
  const port = event.clusterPort === undefined ? '' : ` with clusterPort:${event.clusterPort}`;
  if (event.role === 'agent') {
    const start = line('log', `[master] ${worker(event)} start${port}`);
    return event.id === 1 ? start : [line('info', '[master] new agent_worker starting...'), start];
  }
  return line('log', `[master] ${worker(event)} start, state: none, index: ${event.slot}, current workers: ${json(event.pids)}`);
}

function childStarted(event: EventOf<'child-started'>): Line {
  if (event.role === 'agent') return line('info', `[master] ${worker(event)} started (${event.tookMs}ms)`);
  return line('log', `[master] ${worker(event)} started at ${event.port}, remain ${event.remaining} (${event.tookMs}ms)`);
}

/** The first lines of the stack. */
const whereFrom = ({ lastWords }: EventOf<'child-left'>) => errorLines(lastWords?.error ?? '').slice(1);

function left(event: EventOf<'child-left'>): Line | readonly Line[] | undefined {
  if (!event.failed) return line('log', `[master] ${worker(event)} left (code: ${event.exit.code}, signal: ${event.exit.signal})`);
  const { code, signal } = event.exit;
  const name = event.role === 'agent' ? 'AgentWorkerDiedError' : 'AppWorkerDiedError';
  const more = event.role === 'agent' ? '' : `, suicide: ${event.wasAsked}, state: ${event.state}`;
  const rest = event.role === 'agent' ? '' : `, current workers: ${json(event.pids)}`;
  const reason = event.exit.error === undefined ? '' : `, error: ${event.exit.error}`;
  const facts = { id: event.id, pid: event.pid };
  const text = `[master] ${worker(event)} died (code: ${code}, signal: ${signal}${more}${reason})${rest}`;
  const died = line('error', event.byDebugger ? text : new NamedError(name, text, facts));
  const why = event.byDebugger ? [] : [line('error', `[master] ${worker(event)} ${[deathText(event), ...whereFrom(event)].join('\n')}`)];
  return event.role === 'app' && event.isBoot ? [died, ...why, notReplaced(event.pid)] : [died, ...why];
}

function backingOff({ role, slot, waitMs, failures }: EventOf<'backing-off'>): Line {
  if (role === 'agent') return line('info', `[master] try to start a new agent_worker after ${Math.round(waitMs / 100) / 10}s ...`);
  return line(
    waitMs > 0 ? 'warn' : 'info',
    `[master] a new app_worker for index ${slot} after ${Math.round(waitMs)}ms (${plural(failures, 'failure')} in the last minute)`,
  );
}

function lost({ agents, apps }: EventOf<'cluster-lost'>): Line {
  return line('error', withoutStack(new ClusterWorkerExceptionError(agents, apps)));
}

function childErrored(event: EventOf<'child-errored'>): Line {
  const name = event.role === 'agent' ? 'AgentWorkerError' : 'AppWorkerError';
  return line('error', new NamedError(name, `[master] ${worker(event)} got error: ${event.message}`, { id: event.id, pid: event.pid }));
}

const TEXTS: Texts = {
  'cluster-starting': starting,
  'cluster-started': started,
  'cluster-start-failed': startFailed,
  'cluster-reloading': () => line('log', '[master] reload workers...'),
  'cluster-reloaded': ({ tookMs, losses }) => line('log', `[master] reloaded (${tookMs}ms): ${lossText(losses)}`),
  'reload-failed': ({ message }) => line('error', `[master] ${message}`),
  'cluster-resized': ({ workers }) => line('info', `[master] resized to ${plural(workers, 'app worker')}`),
  'cluster-stopping': stopping,
  'crew-stopping': crewStopping,
  'cluster-stop-hurried': ({ signal, leftMs }) => line('warn', `[master] ${signal} again: ${leftMs === 0 ? 'killing everything now' : `${leftMs}ms left`}`),
  'lame-duck-began': ({ waitMs }) => line('info', `[master] not ready any more, and serving on for ${waitMs}ms`),
  'cluster-draining': ({ requests, sockets, leftMs }) =>
    line('info', `[master] draining: ${plural(requests, 'request')}, ${plural(sockets, 'socket')}, ${(leftMs / 1_000).toFixed(1)} s left`),
  'cluster-stopped': ({ forced, survived, tookMs, names, losses }) => [
    ...(forced.length > 0 ? [line('warn', `[master] had to be killed: ${named(forced, names)}`)] : []),
    ...(survived.length > 0 ? [line('error', `[master] could not be killed: ${named(survived, names)}`)] : []),
    ...(losses === undefined ? [] : [line('log', `[master] stopped (${tookMs}ms): ${lossText(losses)}`)]),
    line('debug', `[master] close done, exiting with code:${survived.length > 0 ? 1 : 0} (${tookMs}ms)`),
  ],
  'cluster-lost': lost,
  'status-changed': () => undefined,
  'master-left': ({ code }) => line(code === 0 ? 'info' : 'error', `[master] exit with code:${code}`),
  'master-replaced': ({ pid, code, signal }) =>
    line('error', `[master] master ${pid} died (code: ${code}, signal: ${signal}): a new one goes on with its sockets`),
  'keeper-lost': ({ pid }) => line('error', `[master] the keeper ${pid} is gone: closing`),
  'upgrade-started': ({ pid }) => line('info', `[master] upgrade: master ${pid} is starting...`),
  'upgrade-failed': ({ message }) => line('error', `[master] ${message}`),
  'cluster-succeeded': ({ pid }) => line('info', `[master] upgrade: master ${pid} serves now, this one drains and leaves`),
  'debugger-killed-worker': () => line('error', '[master] worker kill by debugger, exiting...'),
  'child-forked': forked,
  'child-moved': event => line('debug', `[master] ${worker(event)} ${event.from} → ${event.to} (${event.cause})`),
  'child-hung': event => line('warn', `[master] ${worker(event)} ${hangText(event)}: it is replaced`),
  'child-recovered': event => line('info', `[master] ${worker(event)} is heard again`),
  'child-started': childStarted,
  'child-listening': event => line('info', `[master] ${worker(event)} listening on ${json(event.address)}`),
  'child-disconnected': disconnected,
  'child-left': left,
  'child-worn': event => line('info', `[master] ${worker(event)} is replaced after ${spanText(event.ageMs)}: ${wearText(event)}`),
  'child-lost': event => line('error', `[master] ${worker(event)} does not end, not even by SIGKILL; going on without it`),
  'child-errored': childErrored,
  'backing-off': backingOff,
  // In the words of cfork, which would say it if it were asked.
  'slot-left-empty': () => line('error', `[cfork:master] don't fork new work (refork: false)`),
  'slot-gave-up': ({ role, slot }) =>
    line('error', `[master] the ${role} worker for index ${slot} exited with code 78: it is not started again until the next reload`),
  ...SPARE_TEXTS,
  'forker-said': ({ level, text }) => line(level, text),
  'message-dropped': ({ from, reason, action }) =>
    line('warn', `[master] dropped a message${action === undefined ? '' : ` ${json(action)}`} from ${from}: ${reason}`),
  'message-received': () => undefined,
  'address-in-use': ({ address, holder }) => line('error', `[master] ${address} is in use, its holder is ${holder}`),
  'sockets-fell-back': ({ reason }) => line('warn', `[master] listening sockets cannot be held (${reason}): Node's own cluster distributes connections`),
  'port-changed': ({ wanted, got }) => line('warn', `[master] port ${wanted} is in use, using ${got}`),
  'pid-file-kept': ({ path, reason }) => line('warn', `[master] the pid file ${path} was not removed: ${reason}`),
  'option-suspected': ({ key, meant }) => line('warn', `[master] unknown option ${json(key)}: did you mean ${json(meant)}?`),
  'logger-died': ({ waitMs }) => line('warn', `[master] the logger died; a new one after ${Math.round(waitMs)}ms, nothing is lost meanwhile`),
  'logs-dropped': ({ folder }) => line('warn', `[master] log lines cannot be written to ${folder}: they are dropped and counted until there is room`),
  'control-unavailable': ({ reason }) => line('warn', `[master] ${reason}`),
  'admin-listening': ({ address, tokenFile }) => line('info', `[master] control API on ${address}, its token in ${tokenFile}`),
  'systemd-not-told': ({ reason }) => line('warn', `[master] systemd is not told what happens: ${reason}`),
  'root-suspected': () => line('warn', '[master] workers run as root: give them a user of their own with --user NAME'),
  'cluster-restarting': () => line('info', '[master] restart: stopping all workers, connections wait...'),
  'cluster-restarted': ({ tookMs, losses }) => line('info', `[master] restarted (${tookMs}ms): ${lossText(losses)}`),
  operated: ({ verb, args, by, error }) => line(error === undefined ? 'info' : 'warn', `[master] control: ${verb} ${json(args)} by ${by}: ${error ?? 'ok'}`),
  'master-erred': ({ message }) => line('error', `[master] ${message}`),
};

/** Not a log line: egg-cluster's goes to stderr as it is. */
export const HTTPS_FLAG_DEPRECATED = `[${isEgg4 ? '@eggjs/cluster' : 'egg-cluster'}:deprecated] [master] Please use \`https: { key, cert, ca }\` instead of \`https: true\``;

/** @param isQuiet while developing: life-cycle lines are debug, not info */
export function logEvents(logger: Logger, isQuiet: boolean): (event: ClusterEvent) => void {
  return event => {
    const text = (TEXTS as Partial<Record<EventType, (event: never) => Lines>>)[event.type];
    for (const { level, text: said } of [text?.(event as never) ?? []].flat()) logger[level === 'log' ? (isQuiet ? 'debug' : 'info') : level](said);
  };
}
