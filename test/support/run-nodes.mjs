// Runs the whole suite on every Node line we support. The binaries come as the npm package `node`, into the npm cache.
import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const LINES = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24', '26'];
const run = fileURLToPath(new URL('./run.mjs', import.meta.url));
const failed = [];
for (const line of LINES) {
  const binary = execFileSync('npx', ['--yes', '-p', `node@${line}`, 'node', '-p', 'process.execPath'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1);
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`\n=== node ${version} ===`);
  const env = { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` };
  const { status } = spawnSync(binary, [run], { stdio: 'inherit', env });
  if (status !== 0) failed.push(version);
}
console.log(failed.length === 0 ? `\nall passed: ${LINES.join(', ')}` : `\nfailed on ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
