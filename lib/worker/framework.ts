// A framework's class → a running instance: what agent and app workers share.

import { ClusterError, messageOf } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { afterUnref, systemClock } from '../system/clock.js';
import { commandLine, exitProcess } from '../system/environment.js';
import { loadPackage } from '../system/load-module.js';
import { say } from '../system/uplink.js';
import { awaitedOptions } from './awaited-options.js';
import { workerContext } from './context.js';
import { beatWhileStarting, type SelfLimited } from './own-start-limit.js';

export interface FrameworkInstance {
  ready(callback: (error?: Error) => void): unknown;
  close?(): unknown;
  once?(event: string, listener: (...args: unknown[]) => void): unknown;
  removeListener?(event: string, listener: (...args: unknown[]) => void): unknown;
  emit?(event: string, ...args: unknown[]): unknown;
}

/** What `startCluster` was given, after normalisation; unknown keys untouched. Frameworks may change it. */
export type WorkerOptions = Record<string, unknown> & { readonly framework: string };

/** From argv[2], where process tools look for it; what is secret or too large comes over the channel. */
export async function readOptions(): Promise<WorkerOptions> {
  const [text = '{}'] = commandLine();
  const visible = JSON.parse(text) as WorkerOptions;
  if (!workerContext()?.boot.awaitsOptions) return visible;
  return (await awaitedOptions()) as WorkerOptions;
}

/** @param attend called in the very turn of its birth: a framework may fail in the next one */
export async function loadFramework<T extends FrameworkInstance>(
  exportName: 'Agent' | 'Application',
  options: WorkerOptions,
  attend: (instance: T) => void,
): Promise<void> {
  const framework = await loadPackage(options.framework);
  // Both, by whoever comes first: a framework without apps should not boot an agent.
  const missing = ['Application', 'Agent'].find(name => typeof exportNamed(framework, name) !== 'function');
  if (missing !== undefined) {
    const message = `should define ${missing} in ${options.framework}`;
    throw new ClusterError('ERR_INVALID_CONFIG', message, { details: { framework: options.framework, exportName: missing } });
  }
  const Class = exportNamed(framework, exportName);
  const instance = new (Class as new (options: WorkerOptions) => T)(options);
  attend(instance);
  const context = workerContext();
  if (context) context.leaving.close = () => instance.close?.();
  if (context?.boot.mayStartLong) {
    const cancel = beatWhileStarting(instance as SelfLimited, systemClock, () => say({ act: 'starting' }));
    instance.ready(cancel);
  }
}

function exportNamed(exports: Record<string, unknown>, name: string): unknown {
  return exports?.[name] ?? (exports?.['default'] as Record<string, unknown> | undefined)?.[name];
}

/** Lets what was opened close, but not for longer than a stop may take. */
export async function closeThenExit(code: number, logger: Logger): Promise<void> {
  const context = workerContext();
  const label = context?.boot.role === 'agent' ? 'agent_worker' : 'app_worker';
  afterUnref(context?.boot.stopMs ?? 0, () => exitProcess(code));
  try {
    await context?.leaving.close();
    logger.info('[%s] beforeExit success', label); // In the words of graceful-process.
  } catch (error) {
    logger.error('[%s] beforeExit fail, error: %s', label, messageOf(error));
  }
  exitProcess(code);
}
