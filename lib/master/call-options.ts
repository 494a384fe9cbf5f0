// What startCluster was called with → settings, by egg-cluster's rules.

import type { ClusterEvent } from '../protocol/events.js';
import { type ClusterOptions, COMMAND_ONLY, isOptionName, issuesError, nearestOption } from '../protocol/options.js';
import { optionIssues } from '../system/option-issues.js';
import { resolveSettings } from './resolve-settings.js';
import type { Settings } from './settings.js';
import { show } from './show.js';

/** The path of a PEM file, its text, or its bytes. */
type Pem = string | Uint8Array;

/** Any option of tls.createServer beside these. */
export interface ClusterHTTPSSecureOptions {
  readonly key?: Pem;
  readonly cert?: Pem;
  readonly ca?: Pem | readonly Pem[];
  readonly passphrase?: string;
  readonly [option: string]: unknown;
}

/** The known options, and any others. null means "not given". */
export type StartOptions = { readonly [K in keyof Omit<ClusterOptions, 'https'>]: ClusterOptions[K] | null } & {
  readonly https?: boolean | ClusterHTTPSSecureOptions | null | undefined;
} & Record<string, unknown>;

export interface CheckedOptions {
  readonly settings: Settings;
  /** Without what means "not given". */
  readonly given: GivenOptions;
}

type GivenOptions = ClusterOptions & Record<string, unknown>;

/** Throws one ClusterError that lists everything that is wrong. */
export function checkOptions(options: StartOptions): CheckedOptions {
  const given = withPemTexts(eggDefaults(options));
  const checked = Object.fromEntries(Object.entries(given).filter(([key]) => !COMMAND_ONLY.includes(key)));
  const issues = optionIssues(checked).map(({ path, message, got }) => ({ kind: 'usage' as const, message: `${path}: ${message}, got ${show(got, path)}` }));
  if (issues.length > 0) throw issuesError(issues);
  return { settings: resolveSettings(given, 'call'), given };
}

/** egg-cluster: null and undefined mean "not given", and so do 0 workers and port 0. */
function eggDefaults(options: StartOptions): Record<string, unknown> {
  const meansUnset = (key: string, value: unknown) =>
    value === undefined || value === null || ((key === 'workers' || key === 'port') && (value === 0 || value === '0'));
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => !meansUnset(key, value)));
}

/** A key or certificate may be given as a buffer; to the workers it travels as the text it is. */
function withPemTexts(options: Record<string, unknown>): GivenOptions {
  const { https } = options as GivenOptions;
  if (typeof https !== 'object' || https === null) return options;
  const toText = (value: unknown): unknown =>
    value instanceof Uint8Array ? new TextDecoder().decode(value) : Array.isArray(value) ? value.map(toText) : value;
  return { ...options, https: Object.fromEntries(Object.entries(https).map(([key, value]) => [key, toText(value)])) as ClusterOptions['https'] };
}

/** Unknown keys that look like mistyped ones. */
export function suspicionsOf(options: Readonly<Record<string, unknown>>): ClusterEvent[] {
  return Object.keys(options).flatMap(key => {
    const meant = isOptionName(key) ? undefined : nearestOption(key);
    return meant === undefined || COMMAND_ONLY.includes(meant) ? [] : [{ type: 'option-suspected' as const, key, meant }];
  });
}
