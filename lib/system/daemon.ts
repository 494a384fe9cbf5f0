// Starts a master in a session of its own, and waits until it says that it is ready, or is gone.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { LOGGER_MARK_VARIABLE } from '../protocol/logger-words.js';
import { BOOT_VARIABLE, DAEMON_VARIABLE, MARK_VARIABLE, SERVICE_VARIABLE } from '../protocol/words.js';
import { systemClock } from './clock.js';
import { COMMAND_FILE } from './entries.js';
import { environmentWith } from './environment.js';
import { privateFolder } from './private-folder.js';
import { onSignals } from './signals.js';
import { removeFile } from './whole-files.js';

export type DaemonResult =
  | {
      readonly pid: number;
      readonly name: string;
      readonly address: string | undefined;
      readonly tookMs: number;
      readonly warning: string | undefined;
      readonly failures: readonly string[];
    }
  | { readonly code: number | null; readonly signal: string | null; readonly lines: readonly string[] };

interface ReadyMessage {
  readonly action?: unknown;
  readonly data?: { readonly address?: unknown; readonly name?: unknown; readonly state?: unknown; readonly warning?: unknown; readonly failures?: unknown };
}

/** Not its descendants: a daemon that a worker starts is not the worker's. */
const NOT_HANDED_ON = [MARK_VARIABLE, LOGGER_MARK_VARIABLE, BOOT_VARIABLE, SERVICE_VARIABLE];

/** @param stateRoot where the master's own output goes until it has a log, and a crash's afterwards */
export function startDaemon(command: 'start' | 'run' | 'up', argv: readonly string[], stateRoot: string): Promise<DaemonResult> {
  const startedAt = systemClock.now();
  const file = join(privateFolder(stateRoot), `.boot-${randomBytes(6).toString('hex')}.log`);
  const fd = openSync(file, 'ax', 0o600);
  const env = environmentWith({ [DAEMON_VARIABLE]: '1' });
  for (const name of NOT_HANDED_ON) delete env[name];
  const master = spawn(process.execPath, [COMMAND_FILE, command, ...argv], { detached: true, stdio: ['ignore', fd, fd, 'ipc'], env });
  closeSync(fd);
  return new Promise((resolve, reject) => {
    // Whoever gives up waiting gives up the start.
    const letGo = onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], () => void master.kill('SIGTERM'));
    master.once('error', reject);
    master.on('message', (message: ReadyMessage) => {
      if (message.action !== 'daemon-ready') return;
      const { address, name, state, warning, failures } = message.data ?? {};
      if (typeof state === 'string') keep(file, state);
      letGo();
      master.disconnect();
      master.unref();
      resolve({
        pid: master.pid ?? 0,
        name: String(name),
        address: typeof address === 'string' ? address : undefined,
        warning: typeof warning === 'string' ? warning : undefined,
        failures: Array.isArray(failures) ? failures.map(String) : [],
        tookMs: systemClock.now() - startedAt,
      });
    });
    master.once('exit', (code, signal) => {
      letGo();
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      removeFile(file);
      resolve({ code, signal, lines });
    });
  });
}

/** It stays open in the master: what node itself says in a crash ends there. */
function keep(file: string, folder: string): void {
  try {
    renameSync(file, join(privateFolder(folder), 'master.out'));
  } catch {
    removeFile(file); // No room for the folder: what node says in a crash is lost.
  }
}
