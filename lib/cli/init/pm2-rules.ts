// What becomes of PM2's keys: one rule for each option of ours, in the order of the result.

import type { ClusterOptions } from '../../protocol/options.js';
import { environmentOf } from './pm2-environment.js';
import type { Pm2Keys } from './pm2-keys.js';
import { type Read, readDuration, readSize, readText, readWords, shown, textOf } from './pm2-values.js';

export interface Translation {
  readonly options?: Partial<ClusterOptions>;
  readonly notes?: readonly string[];
  /** What is wrong, each a whole sentence without its app. */
  readonly issues?: readonly string[];
}

type Rule = (keys: Pm2Keys) => Translation;

const MOST_WORKERS = 1_024;

export const RULES: readonly Rule[] = [
  programOf,
  copied('args', readWords, args => ({ args: [...args] })),
  copied('cwd', readText, baseDir => ({ baseDir })),
  workersOf,
  environmentOf,
  nodeOptionsOf,
  readyOf,
  copied('listen_timeout', readDuration, startTimeout => ({ startTimeout })),
  copied('kill_timeout', readDuration, stopTimeout => ({ stopTimeout })),
  copied('max_memory_restart', readSize, maxMemory => ({ maxMemory })),
  copied('pid_file', readText, pidFile => ({ pidFile })),
  copied('uid', readAccount, user => ({ user })),
  copied('gid', readAccount, group => ({ group })),
];

/** Keys the rules look at; env_… besides. `disable_source_map_support` asks for what is so here. */
export const TRANSLATED: ReadonlySet<string> = new Set(
  'name script interpreter args cwd instances exec_mode env port node_args source_map_support disable_source_map_support wait_ready listen_timeout kill_timeout max_memory_restart pid_file uid gid'.split(
    ' ',
  ),
);

export const wrong = (key: string, should: string, value: unknown): Translation => ({ issues: [`${key}: should be ${should}, got ${shown(value)}`] });

/** A name or a number. */
function readAccount(value: unknown): Read<string> {
  return readText(typeof value === 'number' ? String(value) : value);
}

function copied<T>(key: string, read: (value: unknown) => Read<T>, option: (value: T) => Partial<ClusterOptions>): Rule {
  return keys => {
    if (!keys.has(key)) return {};
    const found = read(keys.get(key));
    return 'should' in found ? wrong(key, found.should, keys.get(key)) : { options: option(found.value) };
  };
}

/** The file that runs. What npm and its like start is not in the ecosystem file. */
function programOf(keys: Pm2Keys): Translation {
  const script = readText(keys.get('script'));
  if ('should' in script) return wrong('script', script.should, keys.get('script'));
  const isPackageTool = /^(npm|npx|yarn|pnpm|bun|bunx|deno)$/.test(script.value);
  if (!isPackageTool) return { options: { entry: script.value }, ...runnerOf(script.value, keys) };
  return { notes: [`script ${shown(script.value)}: is no file of the application: set entry to the file that it starts, or use app-cluster run`] };
}

/** PM2 takes the interpreter from the extension when none is named. */
function runnerOf(script: string, keys: Pm2Keys): Translation {
  const isForeign = /\.(sh|bash|py|php|rb|pl|ps1|coffee|exe|jar)$/.test(script);
  if (!keys.has('interpreter')) return isForeign ? { notes: [`script ${shown(script)}: is not run by node: use app-cluster run`] } : {};
  const interpreter = readText(keys.get('interpreter'));
  if ('should' in interpreter) return wrong('interpreter', interpreter.should, keys.get('interpreter'));
  const kind = interpreterKind(interpreter.value);
  return kind === 'node' ? {} : { notes: [`interpreter ${shown(interpreter.value)}: ${INTERPRETER_NOTES[kind]}`] };
}

const INTERPRETER_NOTES = {
  version: 'is left out: workers run on the node that app-cluster is started with',
  typescript: 'is left out: TypeScript runs as it is on Node 22.18 and later, before that through tsx, if it is installed',
  other: 'workers run on node: use app-cluster run for this program',
} as const;

function interpreterKind(interpreter: string): 'node' | keyof typeof INTERPRETER_NOTES {
  const name = interpreter.split(/[\\/]/).at(-1) ?? '';
  if (/^node(\.exe)?$/.test(name)) return 'node';
  if (/^node@/.test(name)) return 'version';
  return /^(tsx|ts-node(-esm)?)(\.cmd)?$/.test(name) ? 'typescript' : 'other';
}

function workersOf(keys: Pm2Keys): Translation {
  const instances = keys.get('instances') ?? 1;
  const count = /^-?\d+$/.test(textOf(instances)) ? Number(instances) : instances;
  if (count === 'max' || count === 0) return {};
  if (typeof count !== 'number' || !Number.isInteger(count) || count > MOST_WORKERS)
    return wrong('instances', `max or a whole number up to ${MOST_WORKERS}`, instances);
  if (count < 0)
    return { notes: [`instances ${count}: means all CPUs but ${-count}; left out, which means all that may be used: set workers to the number wanted`] };
  return { options: { workers: count }, notes: modeNotes(keys, count) };
}

/** PM2 runs one process when it is not told how many. */
function modeNotes(keys: Pm2Keys, count: number): string[] {
  const isMissing = !keys.has('instances');
  const isFork = textOf(keys.get('exec_mode') ?? (isMissing ? 'fork' : 'cluster')).startsWith('fork');
  const one = 'instances: is missing, so PM2 runs one process, and workers is 1; remove it to use every CPU';
  const shared = 'exec_mode "fork": app workers share their port instead of each listening for itself';
  const silent = 'exec_mode "fork": PM2 counts a process as started at once, here it has to listen: set ready to "online" if it never does';
  return [...(isMissing ? [one] : []), ...(isFork && count > 1 ? [shared] : []), ...(isFork && keys.get('wait_ready') !== true ? [silent] : [])];
}

function readyOf(keys: Pm2Keys): Translation {
  const waits = keys.get('wait_ready') ?? false;
  if (typeof waits !== 'boolean') return wrong('wait_ready', 'true or false', waits);
  return waits ? { options: { ready: 'signal' } } : {};
}

function nodeOptionsOf(keys: Pm2Keys): Translation {
  const words = readWords(keys.get('node_args') ?? []);
  if ('should' in words) return wrong('node_args', words.should, keys.get('node_args'));
  const isForNode = interpreterKind(textOf(keys.get('interpreter') ?? 'node')) !== 'other';
  if (!isForNode && words.value.length > 0) return { notes: ['node_args: are left out, they are for an interpreter other than node'] };
  const nodeOption = [...words.value, ...(keys.get('source_map_support') === true ? ['--enable-source-maps'] : [])];
  return nodeOption.length > 0 ? { options: { nodeOption } } : {};
}
