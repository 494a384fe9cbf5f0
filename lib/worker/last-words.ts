// Keeps the last lines this worker wrote, and its fatal error, and tells the master on the way out: a failed start can
// then say why. What native code writes to the descriptors directly is not seen here; it is on the terminal all the same.

import { onFatal, tapOutput } from '../system/output-tap.js';
import { say } from '../system/uplink.js';

const MOST_LINES = 40;
const LONGEST_LINE = 2_000;

export function keepLastWords(): void {
  let lines: string[] = [];
  let error: string | undefined;
  tapOutput(text => {
    lines.push(
      ...text
        .split('\n')
        .filter(line => line.trim() !== '')
        .map(line => line.slice(0, LONGEST_LINE)),
    );
    if (lines.length > MOST_LINES) lines = lines.slice(-MOST_LINES);
  });
  onFatal({
    onError: thrown => {
      error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      say({ act: 'last-words', words: { lines, error } });
    },
    onExit: () => {
      if (error === undefined) say({ act: 'last-words', words: { lines } });
    },
  });
}
