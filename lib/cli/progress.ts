// What happens while a command waits, one line each; nothing for programs.

import type { Client } from '../control/client.js';
import type { EventType } from '../protocol/events.js';
import type { CommandOptions } from './command.js';
import { eventText } from './render/event-text.js';
import { sayLines } from './say.js';

const SHOWN: readonly EventType[] = ['child-started', 'child-left', 'backing-off', 'child-lost'];

interface ProgressOptions {
  readonly json?: CommandOptions[string];
  /** Which facts are shown. */
  readonly types?: readonly EventType[];
}

export async function withProgress<T>(client: Client, { json, types = SHOWN }: ProgressOptions, action: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const shown = json ? Promise.resolve() : show(client, done.signal, types);
  try {
    return await action();
  } finally {
    done.abort();
    await shown;
  }
}

/** A stream that breaks off is no reason for the command to fail: its answer tells. */
async function show(client: Client, signal: AbortSignal, types: readonly EventType[]): Promise<void> {
  try {
    for await (const { event } of client.events({ signal })) if (types.includes(event.type)) sayLines([`  ${eventText(event)}`]);
  } catch {}
}
