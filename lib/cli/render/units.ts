// Numbers as people read them.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `850 ms`, `12 s`, `5 min`, `3 h 20 min`, `12 d`. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d`;
}

/** `47 MiB`. */
export function bytes(count: number | undefined): string {
  if (count === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  const value = count / 2 ** (10 * power);
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

export const percent = (value: number | undefined): string => (value === undefined ? '–' : `${value < 10 ? value.toFixed(1) : Math.round(value)}%`);

export const number = (value: number | undefined): string =>
  value === undefined ? '–' : value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));

/** `2026-11-21 14:06:32`, local time. */
export function time(at: number | string): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
