// app-cluster logs [name]: reads the recorded files themselves, so that it works for what is dead as well, and asks no master.

import { connect } from '../../control/connect.js';
import { refuseUnknownService } from '../../control/find-service.js';
import { logPlace } from '../../control/log-place.js';
import { ClusterError } from '../../errors.js';
import { isFrom, type LogLine, serviceOf } from '../../protocol/log-line.js';
import { durationMs } from '../../protocol/options.js';
import { wallClockMs } from '../../system/clock.js';
import { untilInterrupted } from '../../system/interrupt.js';
import { tailLog } from '../../system/log-tail.js';
import { styled } from '../../system/terminal.js';
import { type CommandSpec, JSON_OPTION, NAME_OR_SERVICE } from '../command.js';
import { time as timeOf } from '../render/units.js';
import { sayItem, sayLines } from '../say.js';
import { wholeNumber } from '../values.js';

const LINES = 100;
const MOST_LINES = 1_000_000;

export const logs: CommandSpec = {
  name: 'logs',
  summary: 'Show what master, agent and workers wrote; also of one that has ended',
  args: [NAME_OR_SERVICE],
  options: [
    ['-f, --follow', 'Stay, and show what is written'],
    ['-n, --lines <n>', `How many lines of the past. Default: ${LINES}`],
    ['--worker <worker>', 'Only this one: its id, its pid, agent, or master'],
    ['--since <time>', 'Only what was written in this time: 10m'],
    ['--grep <text>', 'Only records with this text, whole'],
    ['--flush', 'Drop everything that was recorded'],
    JSON_OPTION,
  ],
  takesName: true,
  run: async ([name], { follow, lines, worker, since, grep, flush, json }) => {
    const place = logPlace(name);
    if (flush) return flushed(place);
    if (since !== undefined && !/^\d{1,9}(?:\.\d+)?(?:ms|s|m|h)$/.test(String(since)))
      throw new ClusterError('ERR_INVALID_ARGUMENTS', `--since: should be a number with a unit: 30s, 10m, 2h, got ${JSON.stringify(since)}`);
    if (worker !== undefined && !/^(?:#?\d{1,10}|agent|master)$/.test(String(worker)))
      throw new ClusterError('ERR_INVALID_ARGUMENTS', `--worker: should be an id (3 or #3), a pid, agent or master, got ${JSON.stringify(worker)}`);
    const wanted = worker === undefined ? place.worker : String(worker);
    const shown = tailLog(
      {
        folder: place.folder,
        lines: lines === undefined ? (since === undefined ? LINES : MOST_LINES) : wholeNumber('--lines', String(lines), 0, MOST_LINES),
        follow: follow === true,
        since: since === undefined ? undefined : new Date(Math.max(0, wallClockMs() - durationMs(String(since)))).toISOString(),
        fits: both(
          line => (wanted === undefined || isFrom(line, wanted)) && (place.service === undefined || serviceOf(line) === place.service),
          inRecordsWith(grep === undefined ? undefined : String(grep)),
        ),
      },
      untilInterrupted(),
    );
    if (place.service !== undefined && follow) await refuseUnknownService(name);
    let count = 0;
    for await (const line of shown) {
      count++;
      if (json) sayItem(line);
      else sayLines([textOf(line)]);
    }
    if (count === 0) await refuseUnknownService(name);
    return 0;
  },
};

async function flushed({ socket }: ReturnType<typeof logPlace>): Promise<number> {
  if (socket === undefined) throw new ClusterError('ERR_UNREACHABLE', 'It is not running: remove its folder to drop its logs.');
  const { files } = await (await connect(socket)).verbs.flushLogs({});
  sayLines([`${files} file${files === 1 ? '' : 's'} dropped`]);
  return 0;
}

const both = (a: (line: LogLine) => boolean, b: (line: LogLine) => boolean) => (line: LogLine) => a(line) && b(line);

/** A line that fits, and the indented ones below it: a stack without its message says little, and the other way round. */
function inRecordsWith(text: string | undefined): (line: LogLine) => boolean {
  const isInside = new Map<string, boolean>();
  return line => {
    if (text === undefined) return true;
    const fits = line.text.includes(text) || (line.kind === 'more' && isInside.get(line.source + line.stream) === true);
    isInside.set(line.source + line.stream, fits);
    return fits;
  };
}

/** `15:01:02.123`, as clocks on the wall have it, like the other commands. */
function localTime(iso: string): string {
  return `${timeOf(iso).slice(11)}${iso.slice(19, 23)}`;
}

function textOf({ time, source, stream, text }: LogLine): string {
  const label = `${source.split(':')[0]?.padEnd(7)} ${stream === 'err' ? '!' : '|'}`;
  return `${styled('gray', localTime(time))} ${styled(stream === 'err' ? 'red' : 'cyan', label)} ${text.replace(/\r$/, '')}`;
}
