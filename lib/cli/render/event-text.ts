// A fact in one line, for `events` and `why`.

import { deathText } from '../../protocol/death.js';
import type { ClusterEvent, EventOf, EventType } from '../../protocol/events.js';
import { hangText } from '../../protocol/hang.js';
import { spanText, wearText } from '../../protocol/quantities.js';
import { serviceText } from '../../protocol/service-text.js';
import type { LossAccount, StopAccount } from '../../protocol/snapshot.js';
import { styled } from '../../system/terminal.js';
import { lossText } from './losses.js';
import { duration } from './units.js';

type Texts = { readonly [T in EventType]?: (event: EventOf<T>) => string };

const child = ({ role, id, pid }: { role: string; id: number; pid: number }) => `${role}#${id} (pid ${pid})`;
const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
const bad = (text: string) => styled('red', text);
const good = (text: string) => styled('green', text);

/** The journal may be of a version that kept no account. */
const after = (losses: LossAccount | undefined) => (losses === undefined ? '' : `: ${lossText(losses)}`);

/** Shells and Node say no more than a number (Node: process.html#exit-codes). */
const CODES: Readonly<Record<number, string>> = {
  1: 'an uncaught error',
  7: 'an error while handling an uncaught one',
  9: 'an option of node that it does not know',
  12: 'a wrong inspector port',
  13: 'a top-level await that never ended',
  78: 'configuration: it asks not to be started again',
  126: 'not executable',
  127: 'not found',
  134: 'SIGABRT: a native crash, or out of heap memory',
  137: 'SIGKILL: often the OOM killer',
  139: 'SIGSEGV: a native crash',
  143: 'SIGTERM',
};
const SIGNALS: Readonly<Record<string, string>> = {
  SIGKILL: 'killed: by hand, or by the OOM killer',
  SIGABRT: 'a native crash, or out of heap memory',
  SIGSEGV: 'a native crash',
  SIGBUS: 'a native crash',
  SIGTERM: 'told to end by somebody else',
};

export function exitText({ code, signal, error }: EventOf<'child-left'>['exit']): string {
  if (error !== undefined) return `could not be forked: ${error}`;
  if (signal !== null) return `${signal}${SIGNALS[signal] === undefined ? '' : ` (${SIGNALS[signal]})`}`;
  const meaning = code === null ? undefined : CODES[code];
  return `exit code ${code}${meaning === undefined ? '' : ` (${meaning})`}`;
}

/** Who had to be killed, and who could not be; empty when all went well. */
export function endText({ forced, survived, names = {} }: Omit<StopAccount, 'tookMs'>): string {
  const list = (pids: readonly number[]) => pids.map(pid => (names[pid] === undefined ? pid : `${names[pid]} (pid ${pid})`)).join(', ');
  const killed = forced.length > 0 ? `, had to be killed: ${list(forced)}` : '';
  const lost = survived.length > 0 ? `, could not be killed: ${list(survived)}` : '';
  return `${killed}${lost}`;
}

/** Of a service, with its name. */
function ofService(event: ClusterEvent): string | undefined {
  const said = serviceText(event);
  if (said === undefined) return undefined;
  const text = `${said.service === undefined ? '' : `${said.service}: `}${said.text}`;
  return said.tone === 'plain' ? text : styled(TONES[said.tone], text);
}
const TONES = { good: 'green', warn: 'yellow', bad: 'red' } as const;

const TEXTS: Texts = {
  'cluster-starting': ({ program, workers }) => `starting ${program.name} ${program.version} on ${workers.count} workers (${workers.why})`,
  'cluster-started': ({ address, tookMs }) => good(`started on ${address.text} in ${duration(tookMs)}`),
  'cluster-start-failed': ({ message }) => bad(`start failed: ${message}`),
  'cluster-reloading': () => 'reload begins',
  'cluster-reloaded': ({ tookMs, losses }) => good(`reloaded in ${duration(tookMs)}`) + after(losses),
  'reload-failed': ({ message }) => bad(message),
  'cluster-restarting': () => 'restart begins',
  'cluster-restarted': ({ tookMs, losses }) => good(`restarted in ${duration(tookMs)}`) + after(losses),
  'cluster-resized': ({ workers }) => `resized to ${workers} workers`,
  'cluster-stopping': ({ signal }) => `stopping${signal === undefined ? '' : ` (${signal})`}`,
  'lame-duck-began': ({ waitMs }) => `not ready any more, and serving on for ${duration(waitMs)}`,
  'cluster-draining': ({ requests, sockets, leftMs }) =>
    `draining: ${count(requests, 'request')}, ${count(sockets, 'socket')}, ${(leftMs / 1_000).toFixed(1)} s left`,
  'cluster-stopped': event => `stopped in ${duration(event.tookMs)}${after(event.losses)}${bad(endText(event))}`,
  'cluster-lost': ({ agents, apps }) => bad(`${agents} agents and ${apps} workers left: giving up`),
  'master-replaced': ({ pid, code, signal }) => bad(`master ${pid} ${deathText({ exit: { code, signal }, failed: true })}; a new one goes on`),
  'keeper-lost': ({ pid }) => bad(`the keeper (pid ${pid}) is gone: stopping`),
  'upgrade-started': ({ pid }) => `upgrade: master ${pid} is starting`,
  'upgrade-failed': ({ message }) => bad(message),
  'cluster-succeeded': ({ pid }) => good(`upgrade: master ${pid} has taken over`),
  'child-forked': event => `${child(event)} forked for index ${event.slot}`,
  'child-moved': event => `${child(event)} ${event.from} → ${event.to}`,
  'child-started': event => `${child(event)} ready in ${duration(event.tookMs)}`,
  'child-listening': event => `${child(event)} listens on ${event.address.port ?? event.address.address}`,
  'child-left': event => (event.failed ? bad(`${child(event)} ${deathText(event)}`) : `${child(event)} left${event.wasKilled ? ', and had to be killed' : ''}`),
  'child-worn': event => `${child(event)} is replaced after ${spanText(event.ageMs)}: ${wearText(event)}`,
  'child-hung': event => bad(`${child(event)} ${hangText(event)}${event.profile === undefined ? '' : `, profile: ${event.profile}`}`),
  'child-recovered': event => `${child(event)} is heard again`,
  'child-lost': event => bad(`${child(event)} could not be killed`),
  'child-errored': event => bad(`${child(event)}: ${event.message}`),
  'backing-off': ({ role, slot, waitMs, failures }) => `${role} index ${slot}: the next try in ${duration(waitMs)}, ${failures} failures in the last minute`,
  'slot-left-empty': ({ slot }) => `index ${slot} stays empty (no re-fork while developing)`,
  'spare-taken': ({ id, pid, slot }) => `the spare ${pid} takes index ${slot} as app#${id}`,
  'spares-gave-up': () => 'no more spares until the next reload: they do not boot',
  'slot-gave-up': ({ slot, isAsked }) =>
    bad(`index ${slot} ${isAsked ? 'asked not to be started again (exit code 78)' : 'failed too often in a row: given up'}`),
  'address-in-use': ({ address, holder }) => bad(`${address} is in use by ${holder}`),
  operated: ({ verb, args, by, error }) => `${verb} ${JSON.stringify(args)} by ${by}${error === undefined ? '' : bad(`: ${error}`)}`,
  'service-registered': ({ service, registry, instanceId }) => good(`${service} registered at ${registry} as ${instanceId}`),
  'service-registration-failed': ({ service, registry, message, waitMs }) =>
    bad(`${service} could not be registered at ${registry}: ${message}; the next try in ${duration(waitMs)}`),
  'service-renewal-failed': ({ service, registry, message, waitMs }) =>
    bad(`${service} could not be renewed at ${registry}: ${message}; the next try in ${duration(waitMs)}`),
  'service-deregistered': ({ service, registry }) => `${service} taken from ${registry}`,
  'service-deregistration-failed': ({ service, registry, message }) => bad(`${service} could not be taken from ${registry}: ${message}`),
  'logger-died': () => 'the logger died and was started again',
  'logs-dropped': () => bad('log lines could not be written'),
  'master-erred': ({ message }) => bad(message),
};

export function eventText(event: ClusterEvent): string {
  const said = ofService(event);
  if (said !== undefined) return said;
  const text = TEXTS[event.type] as ((event: ClusterEvent) => string) | undefined;
  if (text !== undefined) return text(event);
  const { type, ...facts } = event;
  return `${type} ${JSON.stringify(facts)}`;
}
