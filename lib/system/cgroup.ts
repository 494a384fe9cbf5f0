// Where in /sys/fs/cgroup the limits of this process are. cgroup v2 has one tree, v1 one for each controller
// (kernel: Documentation/admin-guide/cgroup-v2.rst); both may be there at once.

import { posix } from 'node:path';
import type { ReadText } from './proc-files.js';

/** From the process's own group up to the root: a limit anywhere on the way holds. */
export interface CgroupFolders {
  readonly v2: readonly string[];
  readonly v1: readonly string[];
}

export function cgroupFolders(controller: string, read: ReadText): CgroupFolders {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').flatMap(line => parseGroup(line) ?? []);
  const v2 = groups.filter(({ controllers }) => controllers === '').flatMap(({ path }) => under('/sys/fs/cgroup', path));
  const v1 = groups
    .filter(({ controllers }) => controllers.split(',').includes(controller))
    .flatMap(({ controllers, path }) => [controller, controllers].flatMap(name => under(`/sys/fs/cgroup/${name}`, path)));
  return { v2, v1: [...new Set(v1)] };
}

/** A line is "ID:CONTROLLERS:PATH", without controllers for v2 (cgroups(7)). */
function parseGroup(line: string): { readonly controllers: string; readonly path: string } | undefined {
  const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  return controllers === undefined || path === undefined ? undefined : { controllers, path };
}

function under(root: string, path: string): string[] {
  const folders = [path];
  for (let folder = path; folder !== '/'; folders.push(folder)) folder = posix.dirname(folder);
  return folders.map(folder => posix.resolve(root, `.${folder}`)); // Unlike join, without a slash at the end.
}
