// Facts of services in one line each: for the log of a supervisor, and for `events` and `why`.

import { deathText } from './death.js';
import type { ClusterEvent, EventOf, EventType } from './events.js';
import { spanText } from './quantities.js';

/** How loud it is. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad';
export interface ServiceText {
  readonly service: string | undefined;
  readonly text: string;
  readonly tone: Tone;
}

type Said = readonly [text: string, tone?: Tone];
type Texts = { readonly [T in EventType]?: (event: EventOf<T>) => Said | undefined };

const list = (names: readonly string[]) => names.join(', ');
const changesText = ({ added, changed, removed }: EventOf<'config-applied'>) =>
  [
    ['added', added],
    ['changed', changed],
    ['removed', removed],
  ]
    .flatMap(([what, names]) => (names?.length ? [`${what as string} ${list(names as readonly string[])}`] : []))
    .join('; ');

const STEPS = { heartbeats: 'heartbeats ended', services: 'services stopped', states: 'states recorded' } as const;

const TEXTS: Texts = {
  'supervisor-starting': ({ file, services }) => [`${services} service${services === 1 ? '' : 's'}${file === undefined ? '' : ` of ${file}`}`],
  'supervisor-started': ({ running, failed, tookMs }) => [
    `${running} running after ${spanText(tookMs)}${failed.length === 0 ? '' : `; not started: ${list(failed)}`}`,
    failed.length === 0 ? 'good' : 'warn',
  ],
  'supervisor-stop-step': ({ step, ended, tookMs }) => [`${STEPS[step]}${ended.length === 0 ? ': none' : `: ${list(ended)}`} (${spanText(tookMs)})`],
  'config-applied': event => [`the services file has changed: ${changesText(event)}`],
  'config-warned': ({ message }) => [message, 'warn'],
  'service-invalid': ({ source, reason }) => [`cannot be a service: ${reason} (${source})`, 'bad'],
  'service-starting': ({ port }) => [`starting${port === undefined ? '' : ` on port ${port}`}`],
  'service-started': ({ pid, url, tookMs }) => [`started${url === undefined ? '' : ` on ${url}`} in ${spanText(tookMs)} (pid ${pid})`, 'good'],
  'service-start-failed': ({ message }) => [message, 'bad'],
  'service-adopted': ({ pid, isOwned }) => [
    isOwned ? `process ${pid} runs since before this supervisor: adopted` : `process ${pid} was started by somebody else: watched, and left alone`,
  ],
  'service-unhealthy': ({ reason }) => [`unhealthy: ${reason}`, 'warn'],
  'service-healthy': () => ['healthy again', 'good'],
  'service-stopping': ({ reason, pid }) => [`stopping process ${pid}: ${reason}`],
  'service-stop-step': ({ step }) => [step],
  'service-stopped': ({ tookMs, remains }) => (remains.length > 0 ? [`not gone: ${list(remains)}`, 'bad'] : [`stopped in ${spanText(tookMs)}`]),
  'service-completed': () => ['ended with 0: done', 'good'],
  'desired-changed': ({ desired }) => [`wanted ${desired} from now on`],
  'port-assigned': ({ port, reason }) => [`port ${port}: ${reason}`],
  'state-restored': ({ path, reason }) => [`${path}: ${reason}`, 'warn'],
  'state-unwritable': ({ path, reason }) => [`what is wanted cannot be written to ${path}: ${reason}`, 'bad'],
  'child-left': event => {
    if (!event.failed) return undefined;
    const wasUnhealthy = event.failedBy === 'overdue' && event.wasReady === true;
    return [`process ${event.pid} ${wasUnhealthy ? 'was not healthy any more, and was ended' : deathText(event)}`, 'bad'];
  },
  'child-lost': ({ pid }) => [`process ${pid} does not end, not even by SIGKILL`, 'bad'],
  'backing-off': ({ waitMs }) => [`starting it again after ${Math.round(waitMs)} ms`],
  'slot-gave-up': ({ isAsked }) => (isAsked ? undefined : ['it died too often in a row: given up', 'bad']),
};

/** Undefined: nothing to say, or no service's. */
export function serviceText(event: ClusterEvent): ServiceText | undefined {
  const service = 'service' in event && typeof event.service === 'string' ? event.service : undefined;
  const isShared = event.type.startsWith('child-') || event.type === 'backing-off' || event.type === 'slot-gave-up';
  if (isShared && service === undefined) return undefined; // A worker's, or a program's.
  const said = (TEXTS[event.type] as ((event: ClusterEvent) => Said | undefined) | undefined)?.(event);
  return said && { service, text: said[0], tone: said[1] ?? 'plain' };
}
