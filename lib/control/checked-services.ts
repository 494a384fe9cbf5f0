// What a services file describes, asked of `up --check`: only a supervisor reads such files, and some of them are programs.

import { ClusterError } from '../errors.js';
import { parseServicesCheck, type ServicesCheck } from '../protocol/services-check.js';
import { outputOf } from '../system/command-output.js';
import { COMMAND_FILE } from '../system/entries.js';

/** Sources may ask other programs. */
const LIMIT_MS = 60_000;

/** @param words what follows `up`. Throws ERR_INVALID_CONFIG when there is no answer: why stands on stderr. */
export async function checkedServices(words: readonly string[], cwd: string): Promise<ServicesCheck> {
  const command = [COMMAND_FILE, 'up', ...words, '--check', '--json'];
  const output = await outputOf({ command, cwd, environment: {}, limitMs: LIMIT_MS, showsErrors: true });
  const check = parseServicesCheck('text' in output ? output.text : (output.said ?? ''));
  if (check !== undefined) return check;
  throw new ClusterError('ERR_INVALID_CONFIG', `The services file cannot be looked at: ${'failure' in output ? output.failure : 'its check says nothing'}.`);
}
