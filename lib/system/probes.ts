// Questions after a service's health. Each ends within its limit, whatever the other side does.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { messageOf } from '../errors.js';
import { MARK_VARIABLE } from '../protocol/words.js';
import { environmentWith } from './environment.js';
import { requirePackage } from './require-package.js';

/** Undefined: healthy. Else why not, in a few words. */
export type Verdict = string | undefined;

/** Healthy: 2xx and 3xx. A certificate is not checked: nothing secret is said. */
export function probeHttp(url: string, limitMs: number): Promise<Verdict> {
  return new Promise(resolve => {
    const { get } = requirePackage<typeof import('node:http')>(url.startsWith('https:') ? 'node:https' : 'node:http');
    const options = { agent: false, timeout: limitMs, signal: AbortSignal.timeout(limitMs), headers: { 'User-Agent': 'app-cluster', Connection: 'close' } };
    const asked = get(url, { ...options, rejectUnauthorized: false } as typeof options, response => {
      const { statusCode = 0 } = response;
      asked.destroy();
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `status ${statusCode}`);
    });
    asked.once('error', error => resolve(error.name === 'AbortError' || error.name === 'TimeoutError' ? `no answer within ${limitMs} ms` : messageOf(error)));
  });
}

/** Healthy: the connection is accepted. */
export function probeTcp(host: string, port: number, limitMs: number): Promise<Verdict> {
  return new Promise(resolve => {
    const socket = connect({ host, port });
    const done = (verdict: Verdict) => {
      socket.destroy();
      resolve(verdict);
    };
    socket.setTimeout(limitMs, () => done(`no connection within ${limitMs} ms`));
    socket.once('connect', () => done(undefined));
    socket.once('error', error => done(messageOf(error)));
  });
}

export interface ProbeProgram {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
}

/** Healthy: exit code 0. Killed with its descendants at the limit, or when it is not waited for any more. */
export function runWithin({ command: [file = '', ...args], cwd, env, mark, runAs }: ProbeProgram, limitMs: number, over?: AbortSignal): Promise<Verdict> {
  return new Promise(resolve => {
    const child = spawn(file, args, { cwd, env: environmentWith({ ...env, [MARK_VARIABLE]: mark }), stdio: 'ignore', detached: true, timeout: 0, ...runAs });
    const timer = AbortSignal.timeout(limitMs);
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {} // Gone in this moment.
      resolve(over?.aborted ? 'not waited for any more' : `not done within ${limitMs} ms`);
    };
    for (const end of [timer, over]) end?.addEventListener('abort', kill);
    const done = (verdict: Verdict) => {
      for (const end of [timer, over]) end?.removeEventListener('abort', kill);
      resolve(verdict);
    };
    child.once('exit', (code, signal) => done(code === 0 ? undefined : signal === null ? `exit code ${code}` : `ended by ${signal}`));
    child.once('error', error => done(messageOf(error)));
  });
}
