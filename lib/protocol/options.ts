// Options as users give them: their names, their units, and one error for everything that is wrong with them.

import { ClusterError } from '../errors.js';
import { nearestName } from './nearest-name.js';
import { OPTIONS } from './options.generated.js';
import type { ClusterOptions } from './options.schema.js';

export type { ClusterOptions };
/** egg-cluster's name for one of them. */
export type ClusterStartMode = NonNullable<ClusterOptions['startMode']>;

export type IssueKind = 'usage' | 'configuration';

export interface Issue {
  readonly kind: IssueKind;
  /** The whole sentence: what, which value, and the way out. */
  readonly message: string;
  /** The way out, where `message` has a wording that must not change. */
  readonly advice?: string;
}

const NAMES: ReadonlySet<string> = new Set(OPTIONS.map(({ name }) => name));
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export function isOptionName(key: string): boolean {
  return NAMES.has(key);
}

/** The known option a mistyped key was probably meant to be. */
export function nearestOption(key: string): string | undefined {
  return nearestName(key, [...NAMES]);
}

/** startCluster passes these through: they mean something to the command only. */
export const COMMAND_ONLY: readonly string[] = OPTIONS.filter(({ isCommandOnly }) => isCommandOnly).map(({ name }) => name);

const UNITS_BYTES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** `10M` → 10485760. The text has been checked already. */
export function sizeBytes(text: string): number {
  const [, number = '0', unit = ''] = /^([\d.]+)([KMG]?)$/.exec(text) ?? [];
  return Math.floor(Number(number) * (UNITS_BYTES[unit] ?? 1));
}

/** `30s` → 30000. The text has been checked already. */
export function durationMs(text: string): number {
  const [, number = '0', unit = 'ms'] = /^([\d.]+)(ms|s|m|h)$/.exec(text) ?? [];
  return Number(number) * (UNITS_MS[unit] ?? 1);
}

/**
 * One error that lists everything. A usage issue among them decides the exit code: that is what the caller typed.
 * @param isTerse advice on a single issue becomes the error's cause: its message is egg-cluster's, word for word
 */
export function issuesError(issues: readonly Issue[], isTerse = false): ClusterError {
  const kind = issues.some(issue => issue.kind === 'usage') ? 'usage' : 'configuration';
  const lines = issues.map(({ message, advice }) => (advice === undefined || (isTerse && issues.length === 1) ? message : `${message}: ${advice}`));
  const message = lines.length === 1 ? (lines[0] ?? '') : `${lines.length} things are wrong:\n${lines.map(line => `  - ${line}`).join('\n')}`;
  const cause = isTerse && issues.length === 1 && issues[0]?.advice !== undefined ? { cause: new Error(issues[0].advice) } : {};
  return new ClusterError(kind === 'usage' ? 'ERR_INVALID_OPTIONS' : 'ERR_INVALID_CONFIG', message, { details: { issues: lines }, kind, ...cause });
}
