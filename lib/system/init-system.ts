// What starts and ends services on this machine: pid 1, or what stands for it.

import { existsSync } from 'node:fs';
import { variable } from './environment.js';
import type { Finding } from './finding.js';
import { readText } from './proc-files.js';

/** `other`: OpenRC, runit and whatever else. */
export type InitSystem = 'launchd' | 'systemd' | 'sysvinit' | 'container' | 'windows' | 'other';

export interface InitFacts {
  readonly platform: NodeJS.Platform;
  /** /proc/1/comm, where it is readable. */
  readonly firstCommand?: string | undefined;
  /** /run/systemd/system: how sd_booted(3) tells. */
  readonly hasSystemdFolder: boolean;
  /** /etc/inittab, and not OpenRC's /run/openrc: an `init` alone may be anything, under WSL too. */
  readonly hasInittab: boolean;
  /** /.dockerenv (Docker) or /run/.containerenv (Podman). */
  readonly hasContainerFile: boolean;
  readonly isKubernetes: boolean;
}

export const isContainer = ({ hasContainerFile, isKubernetes }: InitFacts): boolean => hasContainerFile || isKubernetes;
export const isInContainer = (): boolean => isContainer(initFacts(process.platform));

/** A container may see the systemd folder of its host; only one whose own pid 1 is systemd runs services by it. */
export function initSystem(facts: InitFacts): InitSystem {
  const { platform, firstCommand, hasSystemdFolder, hasInittab } = facts;
  if (platform === 'win32') return 'windows';
  if (platform === 'darwin') return 'launchd';
  if (hasSystemdFolder && (!isContainer(facts) || firstCommand === 'systemd')) return 'systemd';
  if (isContainer(facts)) return 'container';
  return platform === 'linux' && firstCommand === 'init' && hasInittab ? 'sysvinit' : 'other';
}

export function initFacts(platform: NodeJS.Platform): InitFacts {
  return {
    platform,
    firstCommand: readText('/proc/1/comm')?.trim() || undefined,
    hasSystemdFolder: existsSync('/run/systemd/system'),
    hasInittab: existsSync('/etc/inittab') && !existsSync('/run/openrc'),
    hasContainerFile: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    isKubernetes: variable('KUBERNETES_SERVICE_HOST') !== undefined,
  };
}

const NAMES: Readonly<Record<InitSystem, string>> = {
  launchd: 'launchd',
  systemd: 'systemd',
  container: 'container',
  windows: 'Windows services',
  sysvinit: 'sysvinit',
  other: 'another',
};

export function initFinding(facts: InitFacts): Finding {
  const first = facts.firstCommand === undefined ? '' : ` (pid 1: ${facts.firstCommand})`;
  return { topic: 'init system', value: `${NAMES[initSystem(facts)]}${first}`, level: 'ok' };
}
