// Real egg applications with this package in the place of egg's own cluster, installed from the registry by npm overrides, as a
// user would do it. Kept between runs; only what we built is replaced then.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TARGET = join(ROOT, '.tmp', 'eggs');
const SOURCE = join(ROOT, 'fixtures', 'real-egg');
const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';

const stacks = JSON.parse(readFileSync(join(SOURCE, 'stacks.json'), 'utf8'));
const { dependencies, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const TARBALL = `app-cluster-${version}.tgz`;
mkdirSync(TARGET, { recursive: true });
execFileSync(NPM, ['pack', '--silent', '--ignore-scripts', '--pack-destination', TARGET], { cwd: ROOT });
for (const [name, { alias, packages }] of Object.entries(stacks)) {
  const folder = join(TARGET, name);
  const facts = { name: `${name}-app`, version: '1.0.0', private: true, dependencies: packages, overrides: { [alias]: `file:../${TARBALL}` } };
  const stamp = createHash('sha256')
    .update(JSON.stringify([facts, dependencies]))
    .digest('hex');
  const stampFile = join(folder, 'installed');
  const isInstalled = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (!isInstalled) rmSync(folder, { recursive: true, force: true });
  cpSync(SOURCE, folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(facts, null, 2));
  if (isInstalled) unpack(join(folder, 'node_modules', alias));
  else
    execFileSync(NPM, ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(stampFile, stamp);
}

function unpack(folder) {
  for (const part of ['bin', 'dist', 'lib', 'package.json']) rmSync(join(folder, part), { recursive: true, force: true });
  execFileSync('tar', ['xzf', join(TARGET, TARBALL), '-C', folder, '--strip-components=1']);
}
