// The options of a configuration file in the order a reader looks for them, each with a value it may have: its default, if that is a value.

import type { ClusterOptions } from '../../protocol/options.js';

export interface OptionGroup {
  readonly title: string;
  readonly examples: Readonly<Partial<ClusterOptions>>;
}

/** Of startCluster's caller only: a file cannot say them. Deprecated ones are known from the options table. */
export const NOT_IN_A_FILE: ReadonlySet<string> = new Set(['ownProcess']);

export const OPTION_GROUPS: readonly OptionGroup[] = [
  {
    title: 'What runs',
    examples: { name: 'shop', entry: 'server.js', framework: 'egg', agent: 'agent.js', baseDir: '.', args: ['--verbose'], title: 'shop' },
  },
  {
    title: 'Workers and port',
    examples: { workers: 4, port: 7001, host: '127.0.0.1', portFallback: true, sticky: true, reusePort: true },
  },
  {
    title: 'HTTPS',
    examples: { https: { key: 'tls/key.pem', cert: 'tls/cert.pem' }, httpsKey: 'tls/key.pem', httpsCert: 'tls/cert.pem' },
  },
  {
    title: 'Environment and node',
    examples: {
      env: 'prod',
      setEnv: { FEATURE: 'on' },
      envFile: ['.env'],
      nodeOption: ['--max-old-space-size=512'],
      require: ['./setup.cjs'],
      import: ['./setup.js'],
    },
  },
  {
    title: 'Start and stop',
    examples: {
      ready: 'listening',
      startTimeout: '60s',
      stopTimeout: '30s',
      linger: '1s',
      startTimeoutMs: 60_000,
      stopTimeoutMs: 30_000,
      lingerMs: 1_000,
      pidFile: 'app-cluster.pid',
    },
  },
  {
    title: 'Replacing workers',
    examples: {
      surge: 1,
      probation: '500ms',
      readyPath: '/ready',
      hangAfter: '60s',
      watchdog: true,
      maxMemory: '512M',
      maxRequests: 100_000,
      maxAge: '24h',
      spares: 0,
      lameDuck: '5s',
      quit: 'graceful',
      upgradeTimeout: '60s',
      keeper: true,
    },
  },
  {
    title: 'Logs',
    examples: {
      logFiles: true,
      logDir: 'logs',
      logMaxSize: '10M',
      logMaxAge: '24h',
      logKeep: 20,
      logTotalSize: '200M',
      logRecords: 10_000,
      logJson: false,
    },
  },
  {
    title: 'Control and rights',
    examples: { admin: '127.0.0.1:9000', user: 'www-data', group: 'www-data' },
  },
  {
    title: 'Frameworks and debugging',
    examples: {
      plugins: { session: { enable: true } },
      startMode: 'process',
      ports: [7001, 7002],
      debugPort: 7002,
      isDebug: true,
      typescript: true,
      appWorkerFile: './app_worker.js',
      agentWorkerFile: './agent_worker.js',
    },
  },
];
