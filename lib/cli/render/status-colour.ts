// The colour of a status.

import { styled } from '../../system/terminal.js';

const COLOURS = {
  running: 'green',
  completed: 'green',
  down: 'gray',
  waiting: 'cyan',
  unhealthy: 'yellow',
  'backing-off': 'yellow',
  ready: 'green',
  degraded: 'yellow',
  reloading: 'cyan',
  starting: 'cyan',
  draining: 'cyan',
  stopping: 'yellow',
} as const;

export function colouredStatus(status: string): string {
  const colour = (COLOURS as Readonly<Record<string, (typeof COLOURS)[keyof typeof COLOURS]>>)[status] ?? 'red';
  return styled(colour, status);
}
