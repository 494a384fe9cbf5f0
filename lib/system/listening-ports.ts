// Every TCP port of this machine that something listens on, and the processes that hold it. What cannot be seen is left out, not an error.

import { platform } from 'node:os';
import { parseLsof, parseNetstat } from './port-tables.js';
import { listeningSockets, socketHolders } from './proc-sockets.js';

export interface ListeningPort {
  readonly port: number;
  readonly addresses: readonly string[];
  /** Who holds the listening socket, several when it is shared; empty: not visible to this user. */
  readonly pids: readonly number[];
}

/** Where the facts come from; tests bring recorded ones. */
export interface PortSources {
  readonly platform: NodeJS.Platform;
  readonly procFolder: string;
  /** What a command prints; empty when it is missing. */
  readonly run: (command: string, args: readonly string[]) => Promise<string>;
}

/** A socket as some table has it. */
interface Use {
  readonly port: number;
  readonly address: string;
  readonly pids: readonly number[];
}

/** `lsof` may hang on a dead network mount. */
const COMMAND_LIMIT_MS = 10_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

const SYSTEM: PortSources = { platform: platform(), procFolder: '/proc', run: runCommand };

/** Ascending by port; empty where nothing listens or the system does not tell. */
export async function listeningPorts(sources: PortSources = SYSTEM): Promise<readonly ListeningPort[]> {
  return byPort(await usesOf(sources, () => true));
}

/** The same for one port; undefined when nobody listens. */
export async function portHolders(port: number, sources: PortSources = SYSTEM): Promise<ListeningPort | undefined> {
  const isWanted = (use: Pick<Use, 'port'>) => use.port === port;
  return byPort((await usesOf(sources, isWanted)).filter(isWanted))[0];
}

/** @param isWanted spares a look at every descriptor of the machine when the port is free */
async function usesOf({ platform, procFolder, run }: PortSources, isWanted: (socket: Pick<Use, 'port'>) => boolean): Promise<readonly Use[]> {
  if (platform === 'linux') return usesInProc(procFolder, isWanted);
  const isWindows = platform === 'win32';
  const found = isWindows ? parseNetstat(await netstat(run)) : parseLsof(await run('lsof', ['-nP', '-iTCP', '-sTCP:LISTEN', '-F', 'ptn']));
  return found.map(({ port, address, pid }) => ({ port, address, pids: [pid] }));
}

/** Synchronous, as portOwner is: 10 000 descriptors take 50 ms. */
function usesInProc(procFolder: string, isWanted: (socket: Pick<Use, 'port'>) => boolean): readonly Use[] {
  const sockets = listeningSockets(undefined, procFolder).filter(isWanted);
  const holders = socketHolders(new Set(sockets.map(({ inode }) => inode)), procFolder);
  return sockets.map(({ port, address, inode }) => ({ port, address, pids: holders.get(inode) ?? [] }));
}

async function netstat(run: PortSources['run']): Promise<string> {
  const tables = await Promise.all(['TCP', 'TCPv6'].map(protocol => run('netstat', ['-ano', '-p', protocol])));
  return tables.join('\n');
}

function byPort(uses: readonly Use[]): readonly ListeningPort[] {
  const ports = ascending(uses.map(({ port }) => port));
  return ports.map(port => {
    const same = uses.filter(use => use.port === port);
    return { port, addresses: [...new Set(same.map(({ address }) => address))].sort(), pids: ascending(same.flatMap(({ pids }) => pids)) };
  });
}

const ascending = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** Its exit code does not matter: lsof's is 1 as soon as one thing was not visible. */
async function runCommand(command: string, args: readonly string[]): Promise<string> {
  const { execFile } = await import('node:child_process'); // Linux never needs it.
  const options = { timeout: COMMAND_LIMIT_MS, maxBuffer: OUTPUT_LIMIT_BYTES, windowsHide: true };
  const output = new Promise<string>(settle => {
    execFile(command, [...args], options, (_error, stdout) => settle(stdout));
  });
  return output.catch(() => ''); // Some failures to spawn are thrown at once.
}
