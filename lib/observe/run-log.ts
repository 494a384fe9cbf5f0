// ClusterEvent → log lines of `app-cluster run`.

import { deathOf, deathText } from '../protocol/death.js';
import type { ClusterEvent, EventOf, EventType } from '../protocol/events.js';

type Texts = { readonly [T in EventType]?: (event: EventOf<T>) => string | undefined };

const TEXTS: Texts = {
  'child-forked': ({ pid, id }) => `process ${pid} started${id === 1 ? '' : ` (start ${id})`}`,
  'child-left': event => (event.failed ? `process ${event.pid} ${deathText(event)}` : `process ${event.pid} ended: ${deathOf(event).text}`),
  'child-lost': ({ pid }) => `process ${pid} does not end, not even by SIGKILL`,
  'backing-off': ({ waitMs }) => `starting it again after ${Math.round(waitMs)} ms`,
  'slot-gave-up': ({ isAsked }) => (isAsked ? 'it asked not to be started again (exit code 78)' : 'it died too often in a row: given up'),
  'cluster-stopping': ({ signal }) => `stopping${signal === undefined ? '' : ` (${signal})`}`,
  'cluster-stop-hurried': ({ signal, leftMs }) => `${signal} again: ${leftMs === 0 ? 'killing it now' : `${leftMs} ms left`}`,
  'cluster-stopped': ({ forced, survived }) =>
    survived.length > 0 ? `could not be killed: ${survived.join(', ')}` : forced.length > 0 ? `had to be killed: ${forced.join(', ')}` : undefined,
  'control-unavailable': ({ reason }) => reason,
  'admin-listening': ({ address, tokenFile }) => `control API on ${address}, its token in ${tokenFile}`,
  'logger-died': () => 'the logger died and is started again',
  'logs-dropped': ({ folder }) => `lines cannot be written to ${folder}: dropped and counted until there is room`,
  operated: ({ verb, args, by, error }) => `control: ${verb} ${JSON.stringify(args)} by ${by}: ${error ?? 'ok'}`,
  'master-erred': ({ message }) => message,
};

/** On stderr: stdout is the program's. */
export function logRun(name: () => string, write: (line: string) => void): (event: ClusterEvent) => void {
  return event => {
    const text = (TEXTS[event.type] as ((event: ClusterEvent) => string | undefined) | undefined)?.(event);
    if (text !== undefined) write(`[run ${name()}] ${text}`);
  };
}
