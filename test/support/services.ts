// Services in a folder of the test's own, with a registry, sockets and logs of its own.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceStatus, UpAccount } from '../../lib/protocol/service-status.js';
import type { Ended } from './command.js';
import { eventually } from './eventually.js';
import { emptyFolder, fixture } from './fixtures.js';
import { type Home, home } from './home.js';

export interface Project extends AsyncDisposable {
  readonly home: Home;
  readonly folder: string;
  /** The services file, rewritten. */
  describe(services: Readonly<Record<string, unknown>>, more?: Readonly<Record<string, unknown>>): void;
  write(path: string, text: string, mode?: number): string;
  read(path: string): string;
  /** app-cluster with these words, in the folder. */
  run(...words: string[]): Promise<Ended>;
  /** `up --daemon --name sup`, which must succeed unless `code` says otherwise. */
  up(code?: number, ...words: string[]): Promise<Ended>;
  services(): Promise<readonly ServiceStatus[]>;
  service(name: string): Promise<ServiceStatus>;
  /** Waits until the service is so. */
  until(name: string, is: (status: ServiceStatus) => boolean, limitMs?: number): Promise<ServiceStatus>;
  pid(): number;
}

/** What is run by node. */
export const program = (name: string) => fixture(`services/${name}.js`);
/** A service that listens. */
export const serving = (port: unknown = 'auto', more: Readonly<Record<string, unknown>> = {}) => ({
  exec: program('serves'),
  port,
  health: { http: '/health', interval: '200ms', timeout: '3s' },
  ...more,
});

export function project(services: Readonly<Record<string, unknown>> = {}, more: Readonly<Record<string, unknown>> = {}): Project {
  const place = home(true);
  const at = emptyFolder();
  const file = join(at.path, 'app-cluster.services.json');
  const describe: Project['describe'] = (described, rest = {}) => writeFileSync(file, JSON.stringify({ services: described, ...rest }, undefined, 2));
  const run = (...words: string[]) => place.run(...words);
  const statuses = async (): Promise<readonly ServiceStatus[]> => {
    const { stdout, stderr, code } = await run('status', 'sup', '--json');
    assert.equal(code, 0, stderr);
    return (JSON.parse(stdout) as { services: readonly ServiceStatus[] }).services;
  };
  const service = async (name: string) => (await statuses()).find(status => status.name === name) ?? assert.fail(`there is no service ${name}`);
  describe(services, more);
  return {
    home: place,
    folder: at.path,
    describe,
    run,
    write: (path, text, mode = 0o644) => {
      const full = join(at.path, path);
      mkdirSync(join(full, '..'), { recursive: true });
      writeFileSync(full, text, { mode });
      return full;
    },
    read: path => readFileSync(join(at.path, path), 'utf8'),
    up: async (code = 0, ...words) => {
      const ended = await run('up', file, '--name', 'sup', '--daemon', ...words);
      assert.equal(ended.code, code, `${ended.stdout}${ended.stderr}`);
      return ended;
    },
    services: statuses,
    service,
    until: async (name, is, limitMs) => {
      let last: ServiceStatus | undefined;
      await eventually(async () => {
        last = await service(name);
        return is(last);
      }, limitMs).catch((error: unknown) => assert.fail(`${name} did not become so: ${JSON.stringify(last)} (${String(error)})`));
      return last ?? assert.fail();
    },
    pid: () => (JSON.parse(readFileSync(join(place.path, 'run', 'sup.json'), 'utf8')) as { pid: number }).pid,
    [Symbol.asyncDispose]: async () => {
      await run('stop', '--all', '--force');
      await run('cleanup');
      place[Symbol.dispose]();
      at[Symbol.dispose]();
    },
  };
}

export type { UpAccount };
