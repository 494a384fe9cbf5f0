// What `doctor` finds on this machine: one list of findings, each with what to do about it. No fact that is missing is an error.

import { arch, platform, release, totalmem } from 'node:os';
import { messageOf } from '../errors.js';
import { usableCpus } from './cpu-limit.js';
import { hasReusePort, nodeVersion, runsAsRoot, runsTypeScript } from './environment.js';
import type { Finding } from './finding.js';
import { canHoldSockets } from './held-sockets.js';
import { initFacts, initFinding } from './init-system.js';
import { kernelFindings } from './kernel-limits.js';
import { memoryFindings } from './memory-limit.js';
import { readText } from './proc-files.js';

export type { Finding } from './finding.js';

export async function machineFindings(): Promise<readonly Finding[]> {
  const { count, why } = usableCpus();
  return [
    nodeFinding({ version: nodeVersion(), hasReusePort: hasReusePort(), runsTypeScript: runsTypeScript() }),
    platformFinding({ platform: platform(), release: release(), arch: arch() }),
    initFinding(initFacts(platform())),
    ...kernelFindings(readText),
    { topic: 'CPUs', value: `${count} (${why})`, level: 'ok' },
    ...memoryFindings(totalmem(), readText),
    userFinding(runsAsRoot()),
    heldSocketsFinding(canHoldSockets),
  ];
}

export interface NodeFacts {
  readonly version: string;
  readonly hasReusePort: boolean;
  readonly runsTypeScript: boolean;
}

export function nodeFinding({ version, hasReusePort, runsTypeScript }: NodeFacts): Finding {
  const lacks = [
    hasReusePort ? [] : ['no reusePort (Node 22.12 or 23.1, not on macOS and Windows)'],
    runsTypeScript ? [] : ['no TypeScript of its own (Node 22.18 or 23.6)'],
  ].flat();
  const found = { topic: 'Node.js', value: [version, ...lacks].join(', ') };
  if (isSupported(version)) return { ...found, level: 'ok' };
  return { ...found, level: 'problem', advice: 'Install Node 20.19 or later; 22.18 and later lack nothing.' };
}

function isSupported(version: string): boolean {
  const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

export interface PlatformFacts {
  readonly platform: string;
  readonly release: string;
  readonly arch: string;
}

const UNTESTED: Readonly<Record<string, string>> = {
  darwin: 'macOS is tested in part: leftover grandchildren of a worker are not found there. Use Linux in production.',
  win32: 'Windows is not tested: signals and held sockets differ there. Use Linux in production, or WSL.',
};

export function platformFinding({ platform, release, arch }: PlatformFacts): Finding {
  const found = { topic: 'operating system', value: `${platform} ${release}, ${arch}` };
  if (platform === 'linux') return { ...found, level: 'ok' };
  return { ...found, level: 'advice', advice: UNTESTED[platform] ?? `${platform} is not tested. Use Linux in production.` };
}

export function userFinding(isRoot: boolean): Finding {
  if (!isRoot) return { topic: 'user', value: 'not root', level: 'ok' };
  const advice = 'Start with --user NAME: workers that were broken into then own no more than that user does.';
  return { topic: 'user', value: 'root', level: 'advice', advice };
}

/** @param probe says why sockets cannot be held, or nothing when all is well */
export function heldSocketsFinding(probe: () => string | undefined): Finding {
  const why = outcomeOf(probe);
  if (why === undefined) return { topic: 'held sockets', value: 'work', level: 'ok' };
  const advice = "Node's own cluster serves instead, and connections may be refused while workers are replaced. Use Node 20, 22, 24 or 26.";
  return { topic: 'held sockets', value: `do not work: ${why}`, level: 'problem', advice };
}

/** A Node whose internals have changed may as well throw. */
function outcomeOf(probe: () => string | undefined): string | undefined {
  try {
    return probe();
  } catch (error) {
    return messageOf(error);
  }
}
