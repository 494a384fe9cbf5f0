import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from './support/fixtures.js';

/** Each room, and the rooms it may import. Peers do not know each other: they are different processes and meet only in protocol/. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lifecycle: [],
  protocol: ['lifecycle'],
  system: ['protocol'],
  supervision: ['lifecycle', 'protocol', 'system'],
  observe: ['protocol', 'system'],
  worker: ['system', 'protocol', 'observe'],
  control: ['system', 'protocol'],
  logger: ['system', 'protocol'],
  keeper: ['system', 'protocol', 'lifecycle'],
  master: ['supervision', 'instance', 'observe', 'control', 'system', 'protocol', 'lifecycle'],
  instance: ['control', 'observe', 'system', 'protocol'],
  supervisor: ['supervision', 'instance', 'observe', 'control', 'system', 'protocol', 'lifecycle'],
  cli: ['control', 'protocol', 'system'],
  testing: ['supervision', 'system', 'protocol'],
};
/** Files directly in lib/: doors re-export, and errors.ts is known to all. */
const DOORS = ['index.ts', 'worker.ts', 'supervisor.ts', 'testing.ts'];
/** Run by the build, never by a process of ours. */
const isBuildStep = (path: string) => path.endsWith('.build.ts');
/** Rooms whose processes are ended by their own main only. `framework.ts` and the public door act for the mains that call them. */
const MAY_EXIT = [/main\.ts$/, /^worker\/preload\.ts$/, /^worker\/framework\.ts$/, /^master\/master\.ts$/, /^system\/environment\.ts$/];
/** Node's modules that do not touch the operating system. */
const PURE = ['node:events', 'node:path', 'node:util'];
/** Servers are what the worker room is about; it makes them, the system room watches them. */
const ALSO_PURE: Readonly<Record<string, readonly string[]>> = {
  worker: ['node:http', 'node:https', 'node:net', 'node:worker_threads'],
  testing: ['node:child_process'],
  cli: ['node:module'],
  control: ['node:http'],
};
const LONGEST_FILE = 220;

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
}

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

const lib = join(ROOT, 'lib');
const sources: Source[] = readdirSync(lib, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => ({ path, room: path.includes('/') ? (path.split('/')[0] ?? '') : '', text: readFileSync(join(lib, path), 'utf8') }));

function importsOf({ path, text }: Source): Import[] {
  const found = [...text.matchAll(/^(?:import|export) (type )?[^;]*?from '([^']+)'|import\('([^']+)'\)/gms)];
  return found.map(([, type, from, dynamic]) => {
    const specifier = from ?? dynamic ?? '';
    return { target: specifier.startsWith('.') ? normalize(join(path, '..', specifier)) : specifier, isType: type !== undefined };
  });
}

const roomOf = (target: string) => (target.includes('/') ? (target.split('/')[0] ?? '') : '');

/** What is wrong with one file, in words; empty when nothing is. */
function violations(source: Source): string[] {
  const { path, room, text } = source;
  const wrong: string[] = [];
  const code = text.replace(/\/\*\*?[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
  for (const { target, isType } of importsOf(source)) {
    if (target.startsWith('node:')) {
      const isAllowed = room === 'system' || isType || [...PURE, ...(ALSO_PURE[room] ?? [])].includes(target);
      if (!isAllowed && room !== '') wrong.push(`${path} touches the operating system: ${target}`);
    } else if (target.endsWith('.js') && target !== 'errors.js' && room !== '' && roomOf(target) !== room && !MAY_IMPORT[room]?.includes(roomOf(target))) {
      wrong.push(`${path} may not import ${target}`);
    }
    const isConcrete = room === 'supervision' && target.startsWith('system/') && !isType;
    if (isConcrete) wrong.push(`${path} may know system/ by its types only: ${target}`);
  }
  if (/(?<![.#\w])process\.(exit|reallyExit)\b/.test(code) && !MAY_EXIT.some(pattern => pattern.test(path))) wrong.push(`${path} ends the process`);
  if (/\bexitProcess\(/.test(code) && !MAY_EXIT.some(pattern => pattern.test(path))) wrong.push(`${path} ends the process`);
  if (/(?<![.#\w-])process\.(?!js\b|exit\b)\w+/.test(code) && !/^(system|testing)\//.test(path)) wrong.push(`${path} touches the process`);
  if (/(?<![.#\w])(setTimeout|setInterval|Date\.now)\b/.test(code) && !/^(system\/(clock|environment)|testing\/)/.test(path))
    wrong.push(`${path} keeps time by itself`);
  if (/_createServerHandle|queryServer|exitedAfterDisconnect =|internalMessage'/.test(code) && room !== 'system' && path !== 'master/listeners.ts')
    wrong.push(`${path} uses Node's non-public surface`);
  if (text.split('\n').length > LONGEST_FILE) wrong.push(`${path} is longer than ${LONGEST_FILE} lines`);
  return wrong;
}

suite('the house', () => {
  test('every file keeps to its room', () => {
    assert.deepEqual(sources.filter(({ path }) => !isBuildStep(path)).flatMap(violations), []);
  });

  test('every room is known, and none has a name that says nothing', () => {
    const rooms = [...new Set(sources.map(({ room }) => room).filter(Boolean))];
    assert.deepEqual(
      rooms.filter(room => !(room in MAY_IMPORT)),
      [],
    );
    assert.deepEqual(
      sources.filter(({ path }) => /(^|\/)(utils?|helpers?|common|misc|base|impl|handlers?)(\/|\.ts)/.test(path)),
      [],
    );
  });

  test('doors re-export and do nothing else', () => {
    for (const { path, text } of sources.filter(({ path }) => DOORS.includes(path))) {
      assert.match(text.replace(/^\/\/.*$/gm, '').trim(), /^(export (type )?\{[^}]*\} from '[^']+';\s*)+$/, path);
    }
  });

  test('no circles', () => {
    const graph = new Map(
      sources.map(source => [
        source.path,
        importsOf(source)
          .filter(({ isType, target }) => !isType && target.endsWith('.js'))
          .map(({ target }) => target.replace(/\.js$/, '.ts')),
      ]),
    );
    const visit = (path: string, trail: readonly string[]): void => {
      assert.ok(!trail.includes(path), [...trail, path].join(' → '));
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    };
    for (const path of graph.keys()) visit(path, []);
  });

  for (const [title, planted] of [
    ['an arrow against the plan', { path: 'lifecycle/x.ts', room: 'lifecycle', text: "import { x } from '../system/clock.js';" }],
    ['an arrow between peers', { path: 'worker/x.ts', room: 'worker', text: "import { x } from '../master/cluster.js';" }],
    ['the same on demand', { path: 'cli/x.ts', room: 'cli', text: "const x = await import('../master/main.js');" }],
    ['a concrete clock in supervision', { path: 'supervision/x.ts', room: 'supervision', text: "import { systemClock } from '../system/clock.js';" }],
    ['the operating system outside its room', { path: 'master/x.ts', room: 'master', text: "import { readFileSync } from 'node:fs';" }],
    ['an exit from the depths', { path: 'master/x.ts', room: 'master', text: 'process.exit(1);' }],
    ['the environment', { path: 'master/x.ts', room: 'master', text: 'const x = process.env.HOME;' }],
    ['a timer', { path: 'master/x.ts', room: 'master', text: 'setTimeout(() => {}, 1);' }],
    ['a trick on Node', { path: 'master/x.ts', room: 'master', text: 'net._createServerHandle();' }],
    ['a file that outgrew its sitting', { path: 'master/x.ts', room: 'master', text: '\n'.repeat(300) }],
  ] as const) {
    test(`a planted violation is found: ${title}`, () => {
      assert.equal(violations(planted).length, 1);
    });
  }
});
