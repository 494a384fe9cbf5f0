// Service registries in the log.

import type { EventOf } from '../protocol/events.js';
import type { RegisterEvent } from '../protocol/register-events.js';

interface Line {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

const info = (text: string): Line => ({ level: 'info', text });
const warn = (text: string): Line => ({ level: 'warn', text });
const next = ({ waitMs, failures }: { readonly waitMs: number; readonly failures: number }) =>
  `failure ${failures} in a row, the next try in ${Math.round(waitMs)} ms`;

export const REGISTER_TEXTS: { readonly [T in RegisterEvent['type']]: (event: EventOf<T>) => Line } = {
  'service-registered': ({ service, registry, instanceId }) => info(`[master] ${service} is registered at ${registry} as ${instanceId}`),
  'service-registration-failed': ({ service, registry, message, ...more }) =>
    warn(`[master] ${service} could not be registered at ${registry}: ${message} (${next(more)})`),
  'service-renewal-failed': ({ service, registry, message, ...more }) =>
    warn(`[master] the registration of ${service} at ${registry} could not be renewed: ${message} (${next(more)})`),
  'service-deregistered': ({ service, registry }) => info(`[master] ${service} is not registered at ${registry} any more`),
  'service-deregistration-failed': ({ service, registry, message }) =>
    warn(`[master] ${service} could not be taken from ${registry}, which will forget it in time: ${message}`),
};
