// What a process that has just died wrote at its end.

import type { Recording } from '../instance/recording.js';
import { isFrom } from '../protocol/log-line.js';
import { tailLog } from '../system/log-tail.js';

const LINES = 5;

/** Newest last; empty when nothing is recorded, or it said nothing. */
export async function lastLines(recording: Recording | undefined, source: string, pid: number): Promise<readonly string[]> {
  const folder = recording?.status.folder;
  if (recording === undefined || folder === undefined || pid === 0) return [];
  await recording.readToEnd(source);
  const lines: string[] = [];
  for await (const { text } of tailLog({ folder, lines: LINES, follow: false, fits: line => isFrom(line, String(pid)) })) lines.push(text);
  return lines;
}
