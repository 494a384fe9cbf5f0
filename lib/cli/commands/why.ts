// app-cluster why [name]: what happened, oldest first; exits decoded, with what was written last; changes of the options.

import { refuseUnknownService } from '../../control/find-service.js';
import { logPlace } from '../../control/log-place.js';
import { timelineOf } from '../../control/timeline.js';
import { VERBS } from '../../protocol/control.js';
import { errorLines, mayBeOutOfHeap, OUT_OF_HEAP } from '../../protocol/death.js';
import type { ClusterEvent, EventOf } from '../../protocol/events.js';
import { isFrom, type LogLine } from '../../protocol/log-line.js';
import type { TimedEvent } from '../../protocol/snapshot.js';
import { tailLog } from '../../system/log-tail.js';
import { styled } from '../../system/terminal.js';
import { type CommandSpec, JSON_OPTION, NAME_OR_SERVICE } from '../command.js';
import { eventText } from '../render/event-text.js';
import { optionChanges } from '../render/option-changes.js';
import { time } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';
import { wholeNumber } from '../values.js';

const ENTRIES = 50;
/** Of what a dead worker wrote. */
const LAST_LINES = 8;
/** What is older was not its end. */
const LOOK_BACK_MS = 60_000;

export const why: CommandSpec = {
  name: 'why',
  summary: VERBS.why.summary,
  args: [NAME_OR_SERVICE],
  options: [['-n, --last <n>', `How many entries. Default: ${ENTRIES}`], JSON_OPTION],
  takesName: true,
  run: async ([name], { last, json }) => {
    const place = logPlace(name, false);
    const all = timelineOf(place.name).filter(({ event }) => place.service === undefined || ('service' in event && event.service === place.service));
    const shown = all.slice(-(last === undefined ? ENTRIES : wholeNumber('--last', String(last), 1, 100_000)));
    if (json) {
      sayJson(shown);
      return 0;
    }
    const changes = optionChanges(all);
    const told = new Set(all.flatMap(({ event }) => (event.type === 'child-hung' && event.profile !== undefined ? event.pid : [])));
    for (const item of shown) sayLines(await linesOf(item, place.folder, changes.get(item) ?? [], told));
    if (shown.length === 0) await refuseUnknownService(name);
    if (shown.length === 0) sayLines([`Nothing is known of ${name ?? place.name} yet.`]);
    return 0;
  },
};

async function linesOf(item: TimedEvent<ClusterEvent>, folder: string, changes: readonly string[], told: ReadonlySet<number>): Promise<string[]> {
  const { at, event } = item;
  if (event.type === 'child-left') return deathLines(event, at, { folder, told });
  const details = event.type === 'child-hung' ? event.stack : changes;
  return [`${time(at)}  ${eventText(event)}`, ...details.map(line => styled('gray', `    ${line}`))];
}

interface DeathFacts {
  readonly folder: string;
  /** Pids whose hang has been told already. */
  readonly told: ReadonlySet<number>;
}

/** With what V8 wrote when it gave up, which only the log has. */
async function deathLines(event: EventOf<'child-left'>, at: number, { folder, told }: DeathFacts): Promise<string[]> {
  const [giveUp] = event.failed && mayBeOutOfHeap(event) ? await linesBefore(event.pid, at, folder, ({ text }) => OUT_OF_HEAP.test(text), 1) : [];
  const known = giveUp === undefined ? event : { ...event, lastWords: { ...event.lastWords, lines: [giveUp] } };
  const details = event.lastWords?.error === undefined ? await lastWords(event, at, folder) : errorLines(event.lastWords.error);
  return [`${time(at)}  ${eventText(known)}`, ...[...hangLines(event, told), ...details].map(line => styled('gray', `    ${line}`))];
}

/** Where it hung, if that was still being written when it was given up. */
function hangLines({ hang, pid }: EventOf<'child-left'>, told: ReadonlySet<number>): readonly string[] {
  if (hang === undefined || told.has(pid)) return [];
  return [...hang.stack, ...(hang.profile === undefined ? [] : [`profile: ${hang.profile}`])];
}

/** From the log, where even a killed one's are; else what it could still say itself. */
async function lastWords({ pid, lastWords: words }: EventOf<'child-left'>, at: number, folder: string): Promise<readonly string[]> {
  const lines = await linesBefore(pid, at, folder, ({ stream }) => stream === 'err', LAST_LINES);
  if (lines.length > 0) return lines;
  return [...(words?.lines ?? []), ...(words?.error?.split('\n') ?? [])].slice(-LAST_LINES);
}

async function linesBefore(pid: number, at: number, folder: string, isWanted: (line: LogLine) => boolean, count: number): Promise<string[]> {
  const until = new Date(at + 1_000).toISOString();
  const fits = (line: LogLine) => isFrom(line, String(pid)) && line.time <= until && isWanted(line);
  const lines: string[] = [];
  for await (const { text } of tailLog({ folder, lines: count, follow: false, since: new Date(at - LOOK_BACK_MS).toISOString(), fits })) lines.push(text);
  return lines;
}
