// A service that runs and is described nowhere any more: known well enough to be ended.

import { DEFAULTS, type ServiceSpec } from '../protocol/service-spec.js';

export function strayOf(name: string, pid: number, folder: string): ServiceSpec {
  return { ...DEFAULTS, name, source: `found running (process ${pid})`, run: { kind: 'program', exec: '', args: [] }, cwd: folder, home: folder };
}
