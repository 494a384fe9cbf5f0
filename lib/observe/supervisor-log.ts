// ClusterEvent → log lines of a supervisor of many services.

import type { ClusterEvent, EventOf, EventType } from '../protocol/events.js';
import { serviceText } from '../protocol/service-text.js';

type Texts = { readonly [T in EventType]?: (event: EventOf<T>) => string };

const TEXTS: Texts = {
  'cluster-stopping': ({ signal, budgetMs }) => `stopping${signal === undefined ? '' : ` (${signal})`}, ${Math.round(budgetMs / 1_000)} s at most`,
  'cluster-stop-hurried': ({ signal, leftMs }) => `${signal} again: ${leftMs === 0 ? 'killing everything now' : `${leftMs} ms left`}`,
  'cluster-stopped': ({ tookMs, survived }) => `stopped in ${tookMs} ms${survived.length > 0 ? `; could not be ended: ${survived.join(', ')}` : ''}`,
  'control-unavailable': ({ reason }) => reason,
  'admin-listening': ({ address, tokenFile }) => `control API on ${address}, its token in ${tokenFile}`,
  'logger-died': () => 'the logger died and is started again',
  'logs-dropped': ({ folder }) => `lines cannot be written to ${folder}: dropped and counted until there is room`,
  'service-registered': ({ service, registry, instanceId }) => `${service}: registered at ${registry} as ${instanceId}`,
  'service-registration-failed': ({ service, message }) => `${service}: ${message}`,
  'service-renewal-failed': ({ service, message }) => `${service}: ${message}`,
  'service-deregistered': ({ service, registry }) => `${service}: deregistered at ${registry}`,
  'service-deregistration-failed': ({ service, message }) => `${service}: ${message}`,
  'systemd-not-told': ({ reason }) => `systemd is not told what happens: ${reason}`,
  operated: ({ verb, args, by, error }) => `control: ${verb} ${JSON.stringify(args)} by ${by}: ${error ?? 'ok'}`,
  'master-erred': ({ message }) => message,
};

export function logSupervisor(name: () => string, write: (line: string) => void): (event: ClusterEvent) => void {
  return event => {
    const said = serviceText(event);
    const text = said === undefined ? (TEXTS[event.type] as ((event: ClusterEvent) => string) | undefined)?.(event) : said.text;
    if (text !== undefined) write(`[${name()}${said?.service === undefined ? '' : `/${said.service}`}] ${text}`);
  };
}
