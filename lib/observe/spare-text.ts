// Spares in the log.

import type { EventOf } from '../protocol/events.js';
import type { SpareEvent } from '../protocol/spare-events.js';

interface Line {
  readonly level: 'log' | 'info' | 'error';
  readonly text: string;
}

const line = (level: Line['level'], text: string): Line => ({ level, text });

function spareLeft({ pid, exit, failed, wasBooted, lastWords }: EventOf<'spare-left'>): Line | undefined {
  if (!failed) return undefined;
  const how = exit.error ?? exit.signal ?? `code ${exit.code}`;
  const said = [...(lastWords?.error?.split('\n').slice(0, 4) ?? [])].map(text => `\n  ${text}`).join('');
  return line('error', `[master] the spare ${pid} died${wasBooted ? '' : ' while it booted'} (${how})${said}`);
}

export const SPARE_TEXTS: { readonly [T in SpareEvent['type']]: (event: EventOf<T>) => Line | undefined } = {
  'spare-booted': ({ pid, tookMs }) => line('log', `[master] a spare is ready, pid ${pid} (${tookMs}ms)`),
  'spare-taken': ({ pid, id, slot }) => line('info', `[master] the spare ${pid} is app_worker#${id} from now on, with index ${slot}`),
  'spare-left': spareLeft,
  'spares-gave-up': ({ failures }) =>
    line('error', `[master] no more spares until the next reload: ${failures === 0 ? 'one exited with code 78' : `${failures} in a row did not boot`}`),
};
