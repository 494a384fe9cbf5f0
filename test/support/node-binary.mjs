// The Node lines we support, and where their binaries are: they come as the npm package `node`, into the npm cache.
import { execFileSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

export const LINES = ['20', '22', '24', '26'];

export function nodeOf(line) {
  const said = execFileSync('npx', ['--yes', '-p', `node@${line}`, 'node', '-p', 'process.execPath'], { encoding: 'utf8' });
  const binary = said.trim().split('\n').at(-1);
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  return { binary, version, path: `${dirname(binary)}${delimiter}${process.env.PATH}` };
}
