// Which instances run: one file each in the run root. Claims a name, finds who has one. Trusts no pid without its start time.

import { join } from 'node:path';
import { ClusterError } from '../errors.js';
import { fileNameOf, parseEntry, type RegistryEntry } from '../protocol/registry-entry.js';
import { breakIfStale, withFileLock } from '../system/file-lock.js';
import { answers } from '../system/http-server.js';
import { privateFolder, runRoot, stateRoot, whyUnsafe } from '../system/private-folder.js';
import { type Identity, stillIs } from '../system/process-identity.js';
import { createWhole, fileNames, readWhole, removeFile, writeWhole } from '../system/whole-files.js';

const MOST_SUFFIXES = 1_000;

export interface Claim {
  readonly entry: RegistryEntry;
  /** Rewrites the entry; a disk that is full leaves the old one. */
  update(facts: Partial<Pick<RegistryEntry, 'status' | 'address' | 'isRecorded'>>): void;
  /** Only while it is still ours. */
  release(): void;
}

export type ClaimFacts = Omit<RegistryEntry, 'name' | 'socket'>;

export const entryPath = (name: string) => join(runRoot(), `${fileNameOf(name)}.json`);
export const socketPath = (name: string): string => join(runRoot(), `${fileNameOf(name)}.sock`);
/** The one that runs under that name may have another, where the path is too long. */
export const controlSocketOf = (name: string): string => parseEntry(readWhole(entryPath(name)))?.socket ?? socketPath(name);
/** Logs and journal of the instances that had this name, one after another. */
export const stateFolder = (name: string): string => join(stateRoot(), fileNameOf(name));

/**
 * Takes a name. One that was derived gets `-2`, `-3` …, one that was given must be free.
 * Throws ERR_ALREADY_RUNNING, ERR_UNSAFE_FOLDER.
 */
export async function claimName(name: string, isGiven: boolean, facts: ClaimFacts): Promise<Claim> {
  privateFolder(runRoot());
  for (let n = 1; n <= MOST_SUFFIXES; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    const isAnswered = await isAnsweredFor(candidate);
    const result = isAnswered ? { holder: undefined } : withLock(candidate, facts, () => tryClaim(candidate, facts));
    if ('entry' in result) return result;
    if (isGiven) throw taken(candidate, result.holder);
  }
  throw new ClusterError('ERR_ALREADY_RUNNING', `${MOST_SUFFIXES} instances are called ${name}. Give this one a --name.`);
}

/** An entry that cannot be read, or whose process cannot be seen (a container's), is no free name: whoever answers on its socket has it. */
async function isAnsweredFor(name: string): Promise<boolean> {
  const entry = parseEntry(readWhole(entryPath(name)));
  return (entry === undefined || !stillIs(entry)) && (await answers(socketPath(name)));
}

function taken(wanted: string, holder: RegistryEntry | undefined): ClusterError {
  if (holder === undefined)
    return new ClusterError(
      'ERR_ALREADY_RUNNING',
      `The name ${wanted} is taken: somebody answers on its socket. Stop it (app-cluster stop ${wanted}), or choose another --name.`,
    );
  const { name, pid, address, baseDir } = holder;
  const where = address === undefined ? '' : ` on ${address}`;
  const message = `The name ${name} is taken by process ${pid}${where} (${baseDir}). Stop it (app-cluster stop ${name}), or choose another --name.`;
  return new ClusterError('ERR_ALREADY_RUNNING', message, { details: { name, pid } });
}

function tryClaim(name: string, facts: ClaimFacts): Claim | { readonly holder: RegistryEntry | undefined } {
  const path = entryPath(name);
  const holder = parseEntry(readWhole(path));
  if (holder !== undefined && stillIs(holder) && !isOurKeepers(holder, facts)) return { holder };
  removeFile(path);
  const entry: RegistryEntry = { name, socket: socketPath(name), ...facts };
  return createWhole(path, text(entry)) ? claimOf(path, entry) : { holder: parseEntry(readWhole(path)) };
}

/** Another master of our keeper's had it: what it wrote is ours to replace. */
function isOurKeepers(holder: RegistryEntry, { pid, startTime, bootId, masterPid }: ClaimFacts): boolean {
  return masterPid !== undefined && masterPid !== pid && holder.pid === pid && holder.startTime === startTime && holder.bootId === bootId;
}

function claimOf(path: string, first: RegistryEntry): Claim {
  let entry = first;
  const isOurs = () => {
    const now = parseEntry(readWhole(path));
    return now === undefined || now.mark === entry.mark;
  };
  return {
    get entry() {
      return entry;
    },
    update(facts) {
      entry = { ...entry, ...facts };
      try {
        if (isOurs()) writeWhole(path, text(entry));
      } catch {} // Full, or gone with the folder: the control socket still tells.
    },
    release() {
      if (isOurs()) removeFile(path);
    },
  };
}

const text = (entry: RegistryEntry) => `${JSON.stringify(entry)}\n`;

/** Who signals processes because a file says so had better know who wrote it. */
function refuseUnsafeRoot(): void {
  const unsafe = whyUnsafe(runRoot());
  if (unsafe !== undefined) throw new ClusterError('ERR_UNSAFE_FOLDER', unsafe, { details: { path: runRoot() } });
}

export interface Found {
  readonly entry: RegistryEntry;
  /** False: it died without tidying up. */
  readonly isAlive: boolean;
}

/** Every entry that can be read, by name. Throws ERR_UNSAFE_FOLDER: what somebody else can write is not believed. */
export function entries(): readonly Found[] {
  refuseUnsafeRoot();
  const files = fileNames(runRoot()).filter(file => file.endsWith('.json'));
  const found = files.flatMap(file => parseEntry(readWhole(join(runRoot(), file))) ?? []);
  return found.map(entry => ({ entry, isAlive: stillIs(entry) })).toSorted((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
}

/** Removes what the dead left in the run root, and nothing of the living. Returns what it removed. */
export async function removeStale(own: Identity): Promise<readonly string[]> {
  refuseUnsafeRoot();
  const stale: string[] = [];
  for (const file of fileNames(runRoot()).filter(name => name.endsWith('.json'))) stale.push(...(await removeIfStale(join(runRoot(), file), own)));
  return [...stale, ...removeStaleLocks()];
}

/**
 * For what is stored under a name that nobody has. Nobody can take it meanwhile.
 * @param file as the name is called in the run root
 * @returns undefined when somebody has it
 */
export async function unlessTaken<T>(file: string, { pid, startTime, bootId }: Identity, action: () => T): Promise<T | undefined> {
  const path = join(privateFolder(runRoot()), file);
  if (await answers(`${path}.sock`)) return undefined;
  return withFileLock(`${path}.lock`, { pid, startTime, bootId }, () => {
    const holder = parseEntry(readWhole(`${path}.json`));
    return holder !== undefined && stillIs(holder) ? undefined : action();
  });
}

/** What it left: entry, socket, tokens. */
async function removeIfStale(path: string, own: Identity): Promise<readonly string[]> {
  const entry = parseEntry(readWhole(path));
  const [socket, tokens] = ['.sock', '.token'].map(extension => path.replace(/\.json$/, extension));
  const files = [path, socket ?? '', tokens ?? ''];
  if (await answers(socket ?? '')) return []; // Somebody lives there, even if his process cannot be seen from here.
  if (entry === undefined) return files.filter(removeFile);
  return withLock(entry.name, own, () => {
    const now = parseEntry(readWhole(path));
    if (now === undefined || stillIs(now)) return [];
    const pidFile = readWhole(now.pidFile ?? '')?.trim() === String(now.pid) ? [now.pidFile ?? ''] : [];
    return [...files, ...pidFile].filter(removeFile);
  });
}

function removeStaleLocks(): readonly string[] {
  const locks = fileNames(runRoot()).filter(file => file.endsWith('.lock'));
  return locks.map(file => join(runRoot(), file)).filter(breakIfStale);
}

const withLock = <T>(name: string, { pid, startTime, bootId }: Identity, action: () => T): T =>
  withFileLock(join(runRoot(), `${fileNameOf(name)}.lock`), { pid, startTime, bootId }, action);
