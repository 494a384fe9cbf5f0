// Every example of the docs that is marked is run as it stands, in a folder of its own, and leaves nothing behind.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { suite, test } from 'node:test';
import { type Ended, runCommand } from '../support/command.js';
import { type Example, examplesOf, missingLines, type Page } from '../support/doc-examples.js';
import { COMMAND, emptyFolder, ROOT } from '../support/fixtures.js';

const LIMIT_MS = 60_000;
const docs = join(ROOT, 'docs');
const hasCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
const pages = readdirSync(docs)
  .filter(name => name.endsWith('.md'))
  .map(name => ({ name, ...examplesOf(readFileSync(join(docs, name), 'utf8')) }));

/** In our own folder a package's own name resolves: node finds `app-cluster` by the package.json above. */
function folderOf(language: Example['language']): string {
  const parent = language === 'js' ? join(ROOT, '.tmp') : tmpdir();
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'doc-'));
}

function environment(home: string): NodeJS.ProcessEnv {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'app-cluster'), `#!/bin/sh\nexec ${JSON.stringify(process.execPath)} ${JSON.stringify(COMMAND)} "$@"\n`);
  chmodSync(join(bin, 'app-cluster'), 0o755);
  const { APP_CLUSTER_LOG_FILES: _, NODE_TEST_CONTEXT: _2, FORCE_COLOR: _3, NODE_ENV: _4, ...rest } = process.env;
  return {
    ...rest,
    APP_CLUSTER_HOME: home,
    APP_CLUSTER_HOST: '127.0.0.1',
    PORT: '0', // Any free one: what the pages leave to the default is taken on many machines.
    PATH: `${bin}${delimiter}${process.env['PATH']}`,
  };
}

/** Its whole process group is ended when it takes too long. */
function runExample({ language, code }: Example, cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const file = join(cwd, language === 'js' ? 'example.mjs' : 'example.sh');
  writeFileSync(file, code);
  const [program, args] = language === 'js' ? [process.execPath, [file]] : ['bash', ['-e', '-u', '-o', 'pipefail', file]];
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const limit = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), LIMIT_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
  });
}

async function check(example: Example, { files }: Page): Promise<void> {
  using home = emptyFolder();
  const env = environment(home.path);
  const cwd = folderOf(example.language);
  try {
    for (const { name, text } of files) writeFileSync(join(cwd, name), text);
    const { code, stdout, stderr } = await runExample(example, cwd, env);
    assert.equal(code, 0, `exit code ${code}\n${stdout}\n${stderr}`);
    assert.deepEqual(missingLines(example.wanted, stdout), [], `not printed:\n${stdout}\n${stderr}`);
    const { stdout: left } = await runCommand(['ls', '--names'], { env: { APP_CLUSTER_HOME: home.path } });
    assert.equal(left, '', 'it leaves an instance running');
  } finally {
    await runCommand(['stop', '--all', '--force'], { env: { APP_CLUSTER_HOME: home.path } });
    rmSync(cwd, { recursive: true, force: true });
  }
}

suite('examples of the docs', () => {
  for (const page of pages)
    for (const example of page.examples) {
      const skip = example.code.includes('curl ') && !hasCurl ? 'curl is not installed' : false;
      test(`docs/${page.name}, line ${example.line}`, { timeout: 2 * LIMIT_MS, skip }, () => check(example, page));
    }

  test('there are some: the marks are read', () => {
    for (const name of ['from-a-program.md', 'steering.md', 'logs.md', 'http.md', 'run.md', 'pm2.md', 'limits.md', 'proxies.md'])
      assert.ok(
        pages.some(page => page.name === name && page.examples.length > 0),
        name,
      );
  });
});

suite('what an example is', () => {
  const fence = '```';
  const page = examplesOf(
    ['# x', `${fence}js file app.js`, 'a', fence, `${fence}js`, 'not run', fence, `${fence}sh run`, 'b', fence, '', `${fence}text`, 'c', fence].join('\n'),
  );

  test('blocks that are marked, with the files of their page and what they print', () => {
    assert.deepEqual(page, { files: [{ name: 'app.js', text: 'a\n' }], examples: [{ language: 'sh', code: 'b\n', line: 8, wanted: ['c'] }] });
  });

  test('lines in this order, with others between; … is anything', () => {
    assert.deepEqual(missingLines(['a 1', 'b … (x)'], 'a 1\nnoise\nb 22 (x)\n'), []);
    assert.deepEqual(missingLines(['b', 'a'], 'a\nb\n'), ['a']);
    assert.deepEqual(missingLines(['a.c'], 'abc\n'), ['a.c']);
  });
});
