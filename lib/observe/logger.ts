// Log lines, written by egg-logger. The only user of egg-logger, which is heavy (30 ms, 10 MiB): loaded with the first line.

import type { EggConsoleLogger, LoggerLevel } from 'egg-logger';
import { variable } from '../system/environment.js';
import { requirePackage } from '../system/require-package.js';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Logger = Record<Level, (message: unknown, ...values: unknown[]) => void>;

const LEVELS = ['ALL', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'NONE'];

/** Level: APP_CLUSTER_LOG_LEVEL, EGG_MASTER_LOGGER_LEVEL, else INFO. */
export function masterLogger(): Logger {
  return lazyLogger(() => firstLevel('APP_CLUSTER_LOG_LEVEL', 'EGG_MASTER_LOGGER_LEVEL') ?? 'INFO');
}

/** Level: EGG_APP_WORKER_LOGGER_LEVEL or EGG_AGENT_WORKER_LOGGER_LEVEL, APP_CLUSTER_LOG_LEVEL, else egg-logger's own (INFO in production, else WARN). */
export function workerLogger(role: 'agent' | 'app', level?: string): Logger {
  const own = role === 'app' ? 'EGG_APP_WORKER_LOGGER_LEVEL' : 'EGG_AGENT_WORKER_LOGGER_LEVEL';
  return lazyLogger(() => firstLevel(own, 'APP_CLUSTER_LOG_LEVEL') ?? level);
}

/** egg-logger logs nothing at all, silently, at a level it does not know. */
function firstLevel(...variables: string[]): string | undefined {
  return variables.map(name => variable(name)?.toUpperCase()).find(level => level !== undefined && LEVELS.includes(level));
}

export interface DeferredLogger extends Logger {
  /** Writes what was kept, and from now on at once. */
  open(): void;
}

/** Keeps lines until opened: loading egg-logger can wait until the first child boots beside us. An error opens it. */
export function deferred(logger: Logger): DeferredLogger {
  let kept: (() => void)[] | undefined = [];
  const open = () => {
    const lines = kept ?? [];
    kept = undefined;
    for (const write of lines) write();
  };
  const write =
    (level: Level) =>
    (message: unknown, ...values: unknown[]) => {
      if (kept === undefined) return logger[level](message, ...values);
      kept.push(() => logger[level](message, ...values));
      if (level === 'error') open();
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), open };
}

function lazyLogger(levelOf: () => string | undefined): Logger {
  let logger: EggConsoleLogger | undefined;
  const write =
    (level: Level) =>
    (message: unknown, ...values: unknown[]) => {
      logger ??= load(levelOf());
      logger[level](message, ...values);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function load(level: string | undefined): EggConsoleLogger {
  const { EggConsoleLogger: ConsoleLogger } = requirePackage<{ EggConsoleLogger: new (options: { level?: LoggerLevel }) => EggConsoleLogger }>('egg-logger');
  return new ConsoleLogger(level === undefined ? {} : { level: level as LoggerLevel });
}
