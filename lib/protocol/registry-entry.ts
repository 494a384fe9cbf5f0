// What a running instance writes about itself into the run root, for everybody who looks for it.

import type { PublicStatus } from '../lifecycle/public-status.js';

export const INSTANCE_KINDS = ['cluster', 'run', 'supervisor'] as const;
export type InstanceKind = (typeof INSTANCE_KINDS)[number];

export interface RegistryEntry {
  readonly name: string;
  readonly kind: InstanceKind;
  /** The keeper's, where there is one. */
  readonly pid: number;
  readonly masterPid?: number | undefined;
  /** With pid and bootId this names the process for ever. */
  readonly startTime: string;
  readonly bootId: string;
  /** Of the control server. */
  readonly socket: string;
  /** Begins the mark of every descendant. */
  readonly mark: string;
  readonly baseDir: string;
  readonly status: PublicStatus;
  /** As people write it. */
  readonly address?: string | undefined;
  readonly pidFile?: string | undefined;
  /** Of a supervisor: its services file. */
  readonly file?: string | undefined;
  /** How long a stop may take. */
  readonly stopMs: number;
  readonly isRecorded: boolean;
  /** The folder of its log; undefined: the usual one. */
  readonly logs?: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly version: string;
}

const TEXTS = ['name', 'startTime', 'bootId', 'socket', 'mark', 'baseDir', 'status', 'version'] as const;

/** Undefined for anything that is not one: cut in half, garbage, somebody else's. */
export function parseEntry(text: string | undefined): RegistryEntry | undefined {
  const entry = parseObject(text);
  if (entry === undefined || TEXTS.some(key => typeof entry[key] !== 'string')) return undefined;
  const { pid, startedAt, address, kind, isRecorded } = entry;
  if (typeof isRecorded !== 'boolean' || typeof entry['stopMs'] !== 'number') return undefined;
  if (!Number.isInteger(pid) || (pid as number) <= 1 || typeof startedAt !== 'number') return undefined;
  if ([address, entry['logs'], entry['pidFile'], entry['file']].some(value => value !== undefined && typeof value !== 'string')) return undefined;
  return INSTANCE_KINDS.includes(kind as InstanceKind) ? (entry as unknown as RegistryEntry) : undefined;
}

/** Own properties only; undefined when it is no JSON object. */
export function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const LONGEST_FILE_NAME = 64;

/** A name as a file's: no folder, nothing hidden, never too long. Different names stay different. */
export function fileNameOf(name: string): string {
  const safe = encodeURIComponent(name)
    .replace(/^\./, '%2E')
    .replace(/[*'()!~]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return safe.length <= LONGEST_FILE_NAME ? safe : `${safe.slice(0, LONGEST_FILE_NAME - 9)}~${shortHash(name)}`;
}

/** FNV-1a, 32 bit: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function shortHash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}
