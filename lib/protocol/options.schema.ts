// The one source of what may be asked for: flags, types, validation, help and the published JSON Schema all come from
// this zod schema. It is heavy (50 ms, 12 MiB), so a running master uses what the build generates from it
// (options.generated.js) and loads this file only to explain what is wrong.

import { z } from 'zod';

/** How an option shows on the command line. */
export interface FlagMeta {
  /** `--workers <n>`, with its short form if it has one. Without: not a flag. */
  readonly flag?: string;
  readonly description: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  /** More variables that set it, besides APP_CLUSTER_<NAME>; the first that is set wins. */
  readonly variables?: readonly string[];
  readonly deprecated?: boolean;
  /** Means nothing to startCluster, where a key of that name is the framework's own business. */
  readonly isCommandOnly?: boolean;
}

const INTEGER_TO_1024 = /^(?:[1-9]\d{0,2}|10[01]\d|102[0-4])$/;
const INTEGER_TO_65535 = /^(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const DURATION = /^\d+(?:\.\d+)?(?:ms|s|m|h)$/;
const LONGEST_MS = 2 ** 31 - 1;
const SIZE = /^\d+(?:\.\d+)?[KMG]?$/;
const WITH_UNIT = { error: 'should be a number with a unit: ms, s, m or h (30s)' };
const PORT_RANGE = { error: 'should be a whole number from 0 to 65535' };
const WORKER_RANGE = { error: 'should be a whole number from 1 to 1024' };

const text = (meta: FlagMeta) =>
  z
    .string({ error: 'should be a text' })
    .regex(/./, { error: 'should not be empty' })
    .meta({ ...meta });
const flag = (meta: FlagMeta) => z.boolean({ error: 'should be true or false' }).meta({ ...meta });
const list = (meta: FlagMeta) =>
  z.union([z.string(), z.array(z.string())], { error: 'should be a text or a list of texts' }).meta({ ...meta, repeatable: true });
const port = (meta: FlagMeta) =>
  z.union([z.int(PORT_RANGE).min(0, PORT_RANGE).max(65_535, PORT_RANGE), z.string().regex(INTEGER_TO_65535, PORT_RANGE)], PORT_RANGE).meta({ ...meta });
const duration = (meta: FlagMeta) =>
  z
    .string(WITH_UNIT)
    .regex(DURATION, WITH_UNIT)
    .meta({ ...meta });
const size = (meta: FlagMeta) =>
  z
    .string({ error: 'should be a size: 512K, 10M, 1G' })
    .regex(SIZE, { error: 'should be a size: 512K, 10M, 1G' })
    .meta({ ...meta });
const wholeNumber = (meta: FlagMeta) =>
  z.union([z.int().min(1).max(999_999_999), z.string().regex(/^[1-9]\d{0,8}$/)], { error: 'should be a whole number from 1 to 999999999' }).meta({ ...meta });
const SIZE_OR_SHARE = { error: 'should be a size (512M, 1G) or a share (80%)' };
const milliseconds = (description: string) => z.number({ error: 'should be a number of milliseconds' }).min(0).max(LONGEST_MS).meta({ description });

const httpsOptions = z.looseObject({
  key: z.string({ error: 'should be the path of a PEM file' }).optional(),
  cert: z.string({ error: 'should be the path of a PEM file' }).optional(),
  ca: z.union([z.string(), z.array(z.string())], { error: 'should be a path or a list of paths' }).optional(),
  passphrase: z.string({ error: 'should be a text' }).optional(),
});

export const optionsSchema = z
  .looseObject({
    entry: text({ description: 'The application: a file, relative to baseDir. Default: package.json#appCluster.entry, its main, else app, server or index' }),
    framework: text({ flag: '--framework <name>', description: 'Run on this framework: a package name or an absolute path' }),
    customEgg: text({ description: 'Old name of framework', deprecated: true }),
    baseDir: text({ flag: '--base-dir <dir>', description: "The application's folder. Default: the current one" }),
    agent: z.union([z.string(), z.boolean()], { error: 'should be a file, or false' }).meta({
      flag: '--agent <file>',
      description: 'Run this file in the agent worker. Default: agent.* beside the entry, if there is one',
    } satisfies FlagMeta),
    workers: z
      .union([z.int(WORKER_RANGE).min(1, WORKER_RANGE).max(1_024, WORKER_RANGE), z.string().regex(INTEGER_TO_1024, WORKER_RANGE)], WORKER_RANGE)
      .meta({ flag: '-w, --workers <n>', description: 'How many app workers. Default: the CPUs this process may really use' } satisfies FlagMeta),
    port: port({
      flag: '-p, --port <port>',
      description: "Port to listen on; 0: any free one. Default: the app's own, else 7001 (https: 8443)",
      variables: ['PORT'],
    }),
    host: text({ flag: '--host <address>', description: 'Address to listen on. Default: all' }),
    portFallback: flag({ flag: '--port-fallback', description: 'If the port is taken, use the next free one' }),
    https: z
      .union([z.boolean(), httpsOptions], { error: 'should be { key, cert }, both paths of PEM files' })
      .meta({ description: '{ key, cert }: paths of PEM files; any option of tls.createServer beside them' } satisfies FlagMeta),
    httpsKey: text({ flag: '--https-key <file>', description: 'Private key, a PEM file' }),
    httpsCert: text({ flag: '--https-cert <file>', description: 'Certificate, a PEM file' }),
    key: text({ description: 'Old name of https.key', deprecated: true }),
    cert: text({ description: 'Old name of https.cert', deprecated: true }),
    sticky: flag({ flag: '--sticky', description: 'Keep a client on its worker, by address' }),
    require: list({ flag: '-r, --require <module>', description: 'Load this module in agent and app workers before user code' }),
    import: list({ flag: '--import <module>', description: 'The same for an ES module' }),
    nodeOption: list({ flag: '--node-option <option>', description: 'Option for node in agent and app workers, as --node-option=--max-old-space-size=512' }),
    title: text({ flag: '--title <title>', description: "Title, shown in the children's command line" }),
    name: text({ flag: '--name <name>', description: "Name of this cluster. Default: package.json's, else the folder's" }),
    env: text({
      flag: '--env <name>',
      description: 'Name of the environment (prod, local, unittest …), exported as EGG_SERVER_ENV',
      variables: ['EGG_SERVER_ENV'],
    }),
    setEnv: z
      .record(z.string(), z.string({ error: 'should be a text' }), { error: 'should be KEY=VALUE' })
      .meta({ flag: '--set-env <key=value>', description: 'Environment variable for agent and app workers', repeatable: true } satisfies FlagMeta),
    envFile: list({ flag: '--env-file <file>', description: 'File of KEY=VALUE lines for agent and app workers' }),
    pidFile: text({ flag: '--pid-file <file>', description: "Write the master's pid here while it runs" }),
    ready: z.enum(['listening', 'signal', 'online'], { error: 'should be listening, signal or online' }).meta({
      flag: '--ready <when>',
      description: 'When a worker counts as started: listening, signal (it sends the message ready) or online. Default: listening',
    } satisfies FlagMeta),
    startTimeout: duration({ flag: '--start-timeout <time>', description: 'A worker that takes longer to start has failed. Default: 60s' }),
    stopTimeout: duration({ flag: '--stop-timeout <time>', description: 'Whole budget of a stop, forced afterwards. Default: 30s' }),
    linger: duration({ flag: '--linger <time>', description: 'How long idle kept-alive connections may still ask while draining. Default: 1s' }),
    keeper: flag({
      flag: '--no-keeper',
      description: 'Run the master alone: nothing starts it again, and it cannot be upgraded in place',
      isCommandOnly: true,
    }),
    surge: wholeNumber({ flag: '--surge <n>', description: 'How many workers a reload may replace at a time. Default: 1' }),
    readyPath: z
      .string({ error: 'should be a path, as /ready' })
      .regex(/^\//, { error: 'should be a path, as /ready' })
      .meta({
        flag: '--ready-path <path>',
        description: 'A worker that listens counts as started only when it answers this path with 2xx. Default: at once',
      } satisfies FlagMeta),
    probation: duration({
      flag: '--probation <time>',
      description: 'How long the first newcomer of a reload must serve before an old worker leaves. Default: 500ms',
    }),
    hangAfter: duration({ flag: '--hang-after <time>', description: 'A worker that blocks for longer is replaced; 0s: never. Default: 60s' }),
    watchdog: flag({ flag: '--no-watchdog', description: 'No thread in every worker that notes where it blocks' }),
    maxMemory: z
      .string(SIZE_OR_SHARE)
      .regex(/^(?:\d+(?:\.\d+)?[KMG]?|\d{1,3}%)$/, SIZE_OR_SHARE)
      .meta({ flag: '--max-memory <size>', description: 'A worker that holds more memory (512M; 80% of the container) is replaced' } satisfies FlagMeta),
    maxRequests: wholeNumber({ flag: '--max-requests <n>', description: 'A worker that has answered so many is replaced' }),
    maxAge: duration({ flag: '--max-age <time>', description: 'A worker that is older is replaced' }),
    spares: z
      .union([z.int().min(0).max(64), z.string().regex(/^(?:\d|[1-5]\d|6[0-4])$/)], { error: 'should be a whole number from 0 to 64' })
      .meta({ flag: '--spares <n>', description: "Booted workers that wait to take a dead one's place. Default: 0" } satisfies FlagMeta),
    lameDuck: duration({ flag: '--lame-duck <time>', description: 'A stop goes on serving for so long while /readyz says no. Default: 0s' }),
    quit: z.enum(['graceful', 'fast'], { error: 'should be graceful or fast' }).meta({
      flag: '--quit <how>',
      description: 'What SIGQUIT means: graceful, as SIGTERM, or fast. Default: graceful',
      isCommandOnly: true,
    } satisfies FlagMeta),
    upgradeTimeout: duration({
      flag: '--upgrade-timeout <time>',
      description: 'A new master that takes longer to be ready has failed, and the old one goes on. Default: 60s',
      isCommandOnly: true,
    }),
    startTimeoutMs: milliseconds('The same as startTimeout, as a number'),
    stopTimeoutMs: milliseconds('The same as stopTimeout, as a number'),
    lingerMs: milliseconds('The same as linger, as a number'),
    args: z
      .array(z.string(), { error: 'should be a list of texts' })
      .meta({ description: 'Arguments of the program itself; on the command line what follows --' } satisfies FlagMeta),
    plugins: z
      .record(z.string(), z.unknown(), { error: 'should be an object' })
      .nullable()
      .meta({ description: "Handed to the framework's loader" } satisfies FlagMeta),
    debugPort: port({ description: 'A second, plain HTTP port of a framework application' }),
    isDebug: flag({ description: 'The children run under an inspector. Default: whether this process does' }),
    typescript: z.unknown().meta({ description: 'Handed through' } satisfies FlagMeta),
    startMode: z
      .enum(['process', 'worker_threads'], { error: 'should be process or worker_threads' })
      .meta({ description: 'Run agent and apps as processes (the default), or as threads of the master: frameworks only, not with sticky' } satisfies FlagMeta),
    ports: z
      .array(z.int(PORT_RANGE).min(1, PORT_RANGE).max(65_535, PORT_RANGE), { error: 'should be a list of ports' })
      .meta({ description: 'With worker_threads: one thread on each of these, instead of workers and port' } satisfies FlagMeta),
    reusePort: flag({
      description: 'Every worker binds the port for itself (SO_REUSEPORT; Node 22.12 on Linux). Sockets are shared without it, and lose nothing then',
    }),
    appWorkerFile: text({ description: 'Worker file of a framework application instead of the built-in one' }),
    agentWorkerFile: text({ description: 'The same for the agent' }),
    logFiles: flag({
      flag: '--no-log-files',
      description: 'Record nothing: what master and workers write goes to the terminal only',
      isCommandOnly: true,
    }),
    logDir: text({ flag: '--log-dir <dir>', description: 'Record there. Default: a folder of this name in the state folder', isCommandOnly: true }),
    logMaxSize: size({ flag: '--log-max-size <size>', description: 'A log file that is larger is put aside. Default: 10M', isCommandOnly: true }),
    logMaxAge: duration({ flag: '--log-max-age <time>', description: 'One that is older, too. Default: no limit', isCommandOnly: true }),
    logKeep: wholeNumber({ flag: '--log-keep <n>', description: 'So many are kept. Default: 20', isCommandOnly: true }),
    logTotalSize: size({ flag: '--log-total-size <size>', description: 'All of them together. Default: 200M', isCommandOnly: true }),
    logRecords: wholeNumber({ flag: '--log-records <n>', description: 'Keep at most so many records, whatever their size', isCommandOnly: true }),
    logJson: flag({ flag: '--log-json', description: 'Record as JSON lines', isCommandOnly: true }),
    admin: text({
      flag: '--admin <[host:]port>',
      description: 'Serve the control API there too, with a token; /healthz, /readyz without one. Default host: 127.0.0.1',
      isCommandOnly: true,
    }),
    user: text({ flag: '--user <name>', description: 'Run agent and app workers as this user; the master must be root', isCommandOnly: true }),
    group: text({ flag: '--group <name>', description: "Their group. Default: the user's own", isCommandOnly: true }),
    ownProcess: flag({ description: 'startCluster only. Default true: signals stop the cluster, and its end is the end of the process' }),
  })
  .partial()
  .meta({ title: 'app-cluster options', description: 'app-cluster.config.{js,mjs,ts,json,yaml} or package.json#appCluster' });

export type ClusterOptions = z.input<typeof optionsSchema>;

export interface OptionIssue {
  /** `workers`, `https.key`. */
  readonly path: string;
  readonly message: string;
  readonly got: unknown;
}

/** Every issue at once; empty when all is well. */
export function explainOptions(options: unknown): OptionIssue[] {
  const result = optionsSchema.safeParse(options);
  if (result.success) return [];
  return result.error.issues.map(({ path, message }) => ({
    path: path.join('.') || 'options',
    message,
    got: path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], options),
  }));
}
