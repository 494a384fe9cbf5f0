// What `doctor` says of units of systemd that start app-cluster. Pure but for the looks it is given.

import { durationMs } from '../../protocol/options.js';
import type { ServicesCheck } from '../../protocol/services-check.js';
import type { Finding } from '../../system/finding.js';
import type { UnitFile } from '../../system/unit-files.js';

export interface UnitLooks {
  readonly exists: (path: string) => boolean;
  /** Undefined: it cannot be looked at, which is said elsewhere. */
  readonly check: (file: string) => Promise<ServicesCheck | undefined>;
}

/** systemd's own, where a unit says nothing. */
const STOP_MS = 90_000;
/** After the budget: SIGKILL, and a look. */
const SLACK_MS = 5_000;
const AGAIN = 'Print it again (app-cluster systemd …), systemctl daemon-reload.';

export async function unitFindings(units: readonly UnitFile[], looks: UnitLooks): Promise<readonly Finding[]> {
  return (await Promise.all(units.map(unit => findingsOf(unit, looks)))).flat();
}

async function findingsOf({ path, text }: UnitFile, { exists, check }: UnitLooks): Promise<readonly Finding[]> {
  const words = wordsOf(settingIn(text, 'ExecStart') ?? '');
  const at = words.findIndex(word => /(?:^|\/)app-cluster(?:\.js)?$/.test(word));
  const verb = words[at + 1];
  if (at < 0 || (verb !== 'start' && verb !== 'up' && verb !== 'run')) return [];
  const file = verb === 'up' ? words[at + 2] : undefined;
  const topic = `unit ${path.slice(path.lastIndexOf('/') + 1)}`;
  const gone = [...words.slice(0, at + 1), file ?? '', settingIn(text, 'WorkingDirectory') ?? ''].filter(word => word.startsWith('/') && !exists(word));
  const found: Finding[] = gone.map(what => ({ topic, value: `${what} is not there`, level: 'problem', advice: AGAIN }));
  if (settingIn(text, 'Type') === 'notify' && settingIn(text, 'NotifyAccess') !== 'all')
    found.push({ topic, value: 'NotifyAccess is not all', level: 'problem', advice: 'systemd-notify is a process of its own: NotifyAccess=all.' });
  if (settingIn(text, 'KillMode') !== 'mixed')
    found.push({ topic, value: 'KillMode is not mixed', level: 'advice', advice: 'Else everything gets SIGTERM at once, and nothing is stopped in order.' });
  const stopMs = file === undefined || gone.length > 0 ? undefined : (await check(file))?.stopMs;
  const limitMs = spanOf(settingIn(text, 'TimeoutStopSec'));
  if (stopMs !== undefined && limitMs < stopMs + SLACK_MS)
    found.push({ topic, value: `TimeoutStopSec is below stopTimeout (${stopMs / 1_000} s) and a little`, level: 'advice', advice: AGAIN });
  return found.length > 0 ? found : [{ topic, value: path, level: 'ok' }];
}

/** The last one counts. */
function settingIn(text: string, key: string): string | undefined {
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].at(-1)?.[1]?.trim();
}

/** Quotes are taken off; escapes are left as they are: nothing that is looked for has any. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain ?? '');
}

/** As systemd.time(7) has it, as far as it is used here: a number of seconds, or with one unit. */
function spanOf(text: string | undefined): number {
  if (text === undefined) return STOP_MS;
  if (text === 'infinity' || text === '0') return Number.POSITIVE_INFINITY;
  const [, number = '', unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|sec|min|m|h)?$/.exec(text) ?? [];
  return number === '' ? Number.POSITIVE_INFINITY : durationMs(`${number}${{ sec: 's', min: 'm' }[unit] ?? unit}`);
}
