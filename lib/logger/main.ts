// Entry of the logger: reads the pipes of one instance's master and workers, frames, writes and rotates. Outlives its master, and
// leaves when the last pipe has ended.

import { type FromLogger, LOGGER_VARIABLE, type LogSettings, type ToLogger } from '../protocol/logger-words.js';
import { commandLine, exitProcess, ownPid, takeVariable } from '../system/environment.js';
import { printError } from '../system/last-resort.js';
import { onMasterGone, onMasterWord, sayToMaster } from '../system/logger-line.js';
import { RotatingFile } from '../system/rotating-file.js';
import { onSignals, surviveBrokenOutput } from '../system/signals.js';
import { flushOutput, passOn } from '../system/terminal-output.js';
import { Framer } from './framing.js';
import { Recorder, segmentsOf } from './recorder.js';
import { now, Sources } from './sources.js';

/** They reach the whole terminal group; the pipes say when it is over. */
const GROUP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP', 'SIGBREAK'] as const;
const EXIT_USAGE = 64;
/** How long a terminal may take for the last of it. */
const TERMINAL_MS = 1_000;

function main(settings: LogSettings): void {
  surviveBrokenOutput();
  onSignals(GROUP_SIGNALS, () => {});
  const { records, isJson } = settings;
  const file = new RotatingFile({ ...settings, ...(records === undefined ? {} : segmentsOf(records)) });
  const own = new Framer({ source: `logger:${ownPid()}`, stream: 'err', isJson });
  const say = (word: FromLogger) => sayToMaster(word);
  const recorder = new Recorder({ file, own, now, folder: settings.folder, pid: ownPid(), onDropped: lines => say({ act: 'dropped', lines }) });
  recorder.recover((source, stream) => new Framer({ source, stream, isJson }));
  let isEnding = false;
  const leaveIfDone = () => {
    if (!isEnding || !sources.isEmpty) return;
    recorder.close();
    void Promise.all([file.close(), flushOutput(TERMINAL_MS)]).then(() => exitProcess(0));
  };
  const sources = new Sources({
    settings,
    recorder,
    passThrough: (stream, chunk) => settings.passThrough && passOn(stream, chunk),
    onEnded: id => {
      say({ act: 'ended', id });
      leaveIfDone();
    },
  });
  const end = () => {
    isEnding = true;
    leaveIfDone();
  };
  const masters = new Map<string, Framer>();
  const onLine = ({ n, source, stream, text }: Extract<ToLogger, { act: 'line' }>) => {
    const key = `${source} ${stream}`;
    const framer = masters.get(key) ?? new Framer({ source, stream, isJson });
    masters.set(key, framer);
    recorder.record(framer.frame(Buffer.from(text, 'utf8').toString('latin1'), now()));
    say({ act: 'written', n });
  };
  onMasterWord((word, handle) => {
    if (word.act === 'source') sources.read(word, handle);
    if (word.act === 'rename') sources.rename(word);
    if (word.act === 'line') onLine(word);
    if (word.act === 'flush') say({ act: 'done', n: word.n, files: file.flush() });
    if (word.act === 'end') end();
    if (word.act === 'reopen') {
      file.reopen();
      say({ act: 'done', n: word.n, files: 1 });
    }
  });
  onMasterGone(end);
  say({ act: 'ready' });
  file.tidy();
}

const text = takeVariable(LOGGER_VARIABLE);
if (text === undefined) {
  printError(`The logger is started by a master, not by hand${commandLine().length > 0 ? ` (got ${commandLine().join(' ')})` : ''}.`);
  exitProcess(EXIT_USAGE);
}
main(JSON.parse(text) as LogSettings);
