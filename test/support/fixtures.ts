// Where the fixtures are, and folders for what a test writes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const fixture = (path: string): string => join(ROOT, 'fixtures', path);
export const COMMAND = join(ROOT, 'bin', 'app-cluster.js');

/** An empty folder that goes when the test does. */
export function emptyFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'app-cluster-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
