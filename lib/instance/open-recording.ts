// Where this instance's output is recorded, and that the master's own lines are among it.

import { noteLogFolder } from '../control/log-place.js';
import { stateFolder } from '../control/registry.js';
import type { LogSettings } from '../protocol/logger-words.js';
import { systemClock } from '../system/clock.js';
import { isDaemon, ownPid } from '../system/environment.js';
import { copyOutput } from '../system/output-copy.js';
import { privateFolder } from '../system/private-folder.js';
import type { EventBus } from './event-bus.js';
import { Recording } from './recording.js';

/** Undefined folder: of this name in the state folder. */
export type LogOptions = Omit<LogSettings, 'folder' | 'passThrough' | 'isLabelled'> & { readonly folder: string | undefined };

/** Children that boot need the processor more; until then what they write waits in their pipes. */
const LOGGER_AFTER_MS = 500;

/** When the first app worker is up, or takes its time. */
function startBeside(events: EventBus, start: () => void): void {
  const forget = events.onAny(event => {
    if (event.type === 'child-forked') systemClock.after(LOGGER_AFTER_MS, start);
    const isUp = event.type === 'child-moved' && event.role === 'app' && event.from === 'starting';
    if (!isUp && event.type !== 'child-left') return;
    forget();
    start();
  });
}

/** Undefined when nothing is to be recorded. Throws ERR_UNSAFE_FOLDER. */
export function openRecording(
  name: string,
  logs: LogOptions | undefined,
  { mark, events, ownsOutput, isLabelled }: { readonly mark: string; readonly events: EventBus; readonly ownsOutput: boolean; readonly isLabelled: boolean },
): Recording | undefined {
  if (logs === undefined) return undefined;
  const folder = privateFolder(logs.folder ?? `${stateFolder(name)}/log`);
  if (logs.folder !== undefined) noteLogFolder(name, folder);
  const settings = { ...logs, folder, passThrough: ownsOutput && !isDaemon(), isLabelled };
  const recording = new Recording({ settings, mark, clock: systemClock, emit: event => events.emit(event), self: `master:${ownPid()}` });
  // A daemon's own output is a file for what goes wrong before there is a log: once it is up, lines are in the log alone.
  let isUp = false;
  const onUp = () => {
    isUp = true;
  };
  events.on('cluster-started', onUp);
  events.on('supervisor-started', onUp);
  if (ownsOutput)
    copyOutput((stream, text) => {
      recording.line(stream, text);
      return isDaemon() && isUp;
    });
  startBeside(events, () => recording.start());
  return recording;
}
