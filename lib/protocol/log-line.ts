// How a recorded line looks in a log file, and back. One line of output is one line of the file:
//
//   2026-11-21T14:06:32.123Z app#3:4711 out | listening
//   2026-11-21T14:06:33.004Z app#3:4711 err | Error: no such table
//   2026-11-21T14:06:33.004Z app#3:4711 err :     at query (db.js:12:7)
//
// `|` begins a record; `:` goes on with it, because it begins with white space; `,` goes on with it, because it came in the
// same read. `+` after it: the line goes on in the next entry of the same source. As JSON lines the same facts have names.

export type Stream = 'out' | 'err';
/** `record` begins one; `more` is indented; `same` came in the same read. */
export type LineKind = 'record' | 'more' | 'same';

export interface LogLine {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** `app#3:4711`, `agent#1:4710`, `master:4700`, `logger:4701`. */
  readonly source: string;
  readonly stream: Stream;
  readonly kind: LineKind;
  readonly text: string;
  /** Cut: the rest follows in the next line of this source and stream. */
  readonly isUnfinished?: boolean;
}

const MARKS: Readonly<Record<LineKind, string>> = { record: '|', more: ':', same: ',' };
const KINDS: Readonly<Record<string, LineKind>> = { '|': 'record', ':': 'more', ',': 'same' };
const PATTERN = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\S+) (out|err) ([|:,])(\+?) ?(.*)$/s;

/** Without the newline. */
export function formatLine({ time, source, stream, kind, text, isUnfinished }: LogLine): string {
  return `${time} ${source} ${stream} ${MARKS[kind]}${isUnfinished ? '+' : ''} ${text}`;
}

export function formatJsonLine({ time, source, stream, kind, text, isUnfinished }: LogLine): string {
  return JSON.stringify({ time, source, stream, kind, ...(isUnfinished ? { isUnfinished } : {}), text });
}

/** Undefined for what is neither: a file that was cut, or somebody else's. */
export function parseLine(line: string): LogLine | undefined {
  if (line.startsWith('{')) return parseJsonLine(line);
  const [, time, source, stream, mark = '', plus, text] = PATTERN.exec(line) ?? [];
  const kind = KINDS[mark];
  if (time === undefined || source === undefined || kind === undefined || text === undefined) return undefined;
  return { time, source, stream: stream as Stream, kind, text, ...(plus === '+' ? { isUnfinished: true } : {}) };
}

function parseJsonLine(line: string): LogLine | undefined {
  try {
    const { time, source, stream, kind, text, isUnfinished } = JSON.parse(line) as Partial<Record<keyof LogLine, unknown>>;
    if (typeof time !== 'string' || typeof source !== 'string' || typeof text !== 'string') return undefined;
    if ((stream !== 'out' && stream !== 'err') || typeof kind !== 'string' || !Object.hasOwn(MARKS, kind)) return undefined;
    return { time, source, stream, kind: kind as LineKind, text, ...(isUnfinished === true ? { isUnfinished } : {}) };
  } catch {
    return undefined;
  }
}

/** `3`, `#3`, a pid, `agent`, `master`: whether that is who wrote it. */
export function isFrom({ source }: LogLine, wanted: string): boolean {
  const [, role, id, pid] = /^(.+?)(?:#(\d+))?:(\d+)$/.exec(source) ?? [];
  const number = wanted.replace(/^#/, '');
  return wanted === role || (role === 'app' && id === number) || (!wanted.startsWith('#') && pid === number);
}

/** Of a supervisor of many: which service wrote it (`web#2:4711`). */
export const serviceOf = ({ source }: Pick<LogLine, 'source'>): string => source.replace(/(?:#\d+)?:\d+$/, '');

/** The file that is written now; older ones lie beside it. */
export const CURRENT_LOG = 'current.log';
