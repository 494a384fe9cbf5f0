import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { COMPLETION_SHELLS, type CompletionShell, type CompletionSpec, completionScript } from '../../lib/cli/completion.js';
import { OPTIONS } from '../../lib/protocol/options.generated.js';
import { emptyFolder } from '../support/fixtures.js';

/** Everything that is special in one of the shells. */
const NASTY = `It's "a" [list]: of $HOME, $(touch harmed) \`touch harmed\` \\ and \\' %s !x ; | & {a,b} <n> ~ *\nnext`;
const FLAGS = OPTIONS.flatMap(({ flag, description }) => (flag === undefined ? [] : [{ flag, description, takesValue: flag.includes('<') }]));
const PROGRAM: CompletionSpec = {
  commands: [
    { name: 'start', summary: NASTY, options: FLAGS, takesName: false },
    { name: 'stop', summary: 'Stop', options: [{ flag: '--force', description: NASTY, takesValue: false }], takesName: true },
    { name: 'status', summary: 'Status', options: [], takesName: true },
    { name: 'ls', summary: 'List', options: [{ flag: '--json', description: 'JSON', takesValue: false }], takesName: false },
  ],
};
const NAMES = ['api', 'api:blue', '@acme/shop', 'two words', '$(touch harmed)', 'web'];

interface Shell extends Disposable {
  readonly path: string;
  run(shell: CompletionShell, args: readonly string[], input?: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string };
}

/** A folder in which `app-cluster` is a stub that knows some names, and nothing may be written. */
function shellWithStub(names: readonly string[] = NAMES): Shell {
  const folder = emptyFolder();
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'app-cluster'), `#!/bin/sh\n[ "$*" = "ls --names" ] && cat <<'END'\n${names.join('\n')}\nEND\n`);
  chmodSync(join(bin, 'app-cluster'), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: folder.path };
  return {
    path: folder.path,
    run: (shell, args, input = '') => spawnSync(shell, args, { cwd: folder.path, env, input, encoding: 'utf8' }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** What bash would offer, by the words it would make of the line. */
function bashOffers(words: readonly string[], { line = '', word = words.at(-1) ?? '', setup = '' } = {}): string[] {
  using shell = shellWithStub();
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const script = `set -u
${setup}
eval "$(cat script)"
COMP_WORDS=(${words.map(quoted).join(' ')}); COMP_CWORD=${words.length - 1}
${line === '' ? '' : `COMP_LINE=${quoted(line)}; COMP_POINT=\${#COMP_LINE}`}
_app_cluster app-cluster ${quoted(word)} ''
printf '%s\\n' \${COMPREPLY[@]+"\${COMPREPLY[@]}"}
[[ ! -e harmed ]] || echo HARMED`;
  writeFileSync(join(shell.path, 'script'), completionScript('bash', PROGRAM));
  const { stdout, stderr } = shell.run('bash', ['--norc', '--noprofile'], script);
  assert.equal(stderr, '');
  return stdout.split('\n').filter(Boolean);
}

suite('bash', () => {
  test('completes commands', () => {
    assert.deepEqual(bashOffers(['app-cluster', '']), ['start', 'stop', 'status', 'ls']);
    assert.deepEqual(bashOffers(['app-cluster', 'sta']), ['start', 'status']);
  });

  test("completes a command's options, long and short", () => {
    assert.deepEqual(bashOffers(['app-cluster', 'start', '--w']), ['--workers']);
    assert.deepEqual(bashOffers(['app-cluster', 'start', '--sticky', '--https-']), ['--https-key', '--https-cert']);
    assert.deepEqual(bashOffers(['app-cluster', 'stop', '-']), ['--force']);
    assert.ok(bashOffers(['app-cluster', 'start', '-']).includes('-w'));
  });

  test('completes names of running instances, and runs nothing that stands in one', () => {
    assert.deepEqual(bashOffers(['app-cluster', 'stop', '']), ['api', 'api:blue', '@acme/shop', 'two\\ words', '\\$\\(touch\\ harmed\\)', 'web']);
    assert.deepEqual(bashOffers(['app-cluster', 'stop', '--force', 'w']), ['web']);
    assert.deepEqual(bashOffers(['app-cluster', 'stop', 'zzz']), []);
  });

  test('completes names that bash takes apart', () => {
    assert.deepEqual(bashOffers(['app-cluster', 'stop', 'api', ':', 'bl'], { line: 'app-cluster stop api:bl' }), ['blue']);
    assert.deepEqual(bashOffers(['app-cluster', 'stop', 'api', ':'], { line: 'app-cluster stop api:', word: '' }), ['blue']);
    assert.deepEqual(bashOffers(['app-cluster', 'stop', '@', 'ac'], { line: 'app-cluster stop @ac' }), ['acme/shop']);
  });

  test('leaves files to bash: for the argument of start, values of options, and after --', () => {
    for (const words of [
      ['start', ''],
      ['start', '--config', ''],
      ['start', '-w', ''],
      ['start', '--', '--w'],
      ['start', '--port', '=', '8'],
    ])
      assert.deepEqual(bashOffers(['app-cluster', ...words], { line: `app-cluster ${words.join(' ').replace(' = ', '=')}` }), [], words.join(' '));
    assert.match(completionScript('bash', PROGRAM), /^complete -o default -F _app_cluster app-cluster$/m);
  });

  test('offers nothing for a command that it does not know', () => {
    assert.deepEqual(bashOffers(['app-cluster', 'fly', '']), []);
    assert.deepEqual(bashOffers(['app-cluster', 'fly', '-']), []);
  });
});

for (const shell of COMPLETION_SHELLS) {
  test(`${shell} finds no fault in the script`, t => {
    using folder = shellWithStub();
    if (folder.run(shell, ['--version']).status !== 0) return t.skip(`${shell} is not installed`);
    for (const program of [PROGRAM, { commands: [] }]) {
      writeFileSync(join(folder.path, 'script'), completionScript(shell, program));
      const { status, stderr } = folder.run(shell, ['-n', 'script']);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    }
  });
}

test('zsh hears each description as it is written, and completes names and files', t => {
  using folder = shellWithStub();
  if (folder.run('zsh', ['--version']).status !== 0) return t.skip('zsh is not installed');
  writeFileSync(join(folder.path, 'script'), completionScript('zsh', PROGRAM));
  const script = `compdef() { :; }; _describe() { print -rl -- "\${offered[@]}" }; compadd() { print -rl -- "\${names[@]}" }; _files() { print files }
source ./script
complete_words() { words=("$@"); CURRENT=$#; PREFIX=\${words[-1]}; _app-cluster }
complete_words app-cluster ''; complete_words app-cluster stop -; complete_words app-cluster stop ''; complete_words app-cluster start ''
[[ -e harmed ]] && print HARMED`;
  const { stdout, stderr } = folder.run('zsh', ['-f', '-c', script]);
  const nasty = NASTY.replace('\n', ' ').replace(/[\\:]/g, '\\$&');
  assert.equal(stderr, '');
  assert.deepEqual(stdout.split('\n').filter(Boolean), [`start:${nasty}`, 'stop:Stop', 'status:Status', 'ls:List', `--force:${nasty}`, ...NAMES, 'files']);
});

test('fish completes commands, options, names and files', t => {
  using folder = shellWithStub();
  if (folder.run('fish', ['--version']).status !== 0) return t.skip('fish is not installed');
  writeFileSync(join(folder.path, 'script'), completionScript('fish', PROGRAM));
  writeFileSync(join(folder.path, 'server.js'), '');
  const offers = (line: string) => {
    const { stdout, stderr } = folder.run('fish', ['--no-config', '-c', `source script; complete -C '${line}'`]);
    assert.equal(stderr, '');
    return stdout.split('\n').filter(Boolean);
  };
  assert.deepEqual(
    offers('app-cluster st')
      .map(offer => offer.split('\t')[0])
      .toSorted(),
    ['start', 'status', 'stop'],
  );
  assert.deepEqual(offers('app-cluster stop --f'), [`--force\t${NASTY.replace('\n', ' ')}`]);
  assert.deepEqual(offers('app-cluster stop ap').toSorted(), ['api', 'api:blue']);
  assert.deepEqual(offers('app-cluster start ser'), ['server.js']);
  assert.deepEqual(offers('app-cluster start --config ser'), ['server.js']);
  assert.deepEqual(offers('app-cluster ls ser'), []);
});
