// Options that are right by their looks and wrong all the same, most of them together with others. Pure.

import type { ClusterOptions, Issue } from '../protocol/options.js';
import { toNumber } from './option-values.js';
import type { Program } from './settings.js';
import { wrongMemoryLimit } from './wear-limits.js';

export function refuseCombinations(options: ClusterOptions, program: Program | undefined, issues: Issue[]): void {
  const refuse = (message: string) => issues.push({ kind: 'usage', message });
  const wrong = options.maxMemory === undefined ? undefined : wrongMemoryLimit(options.maxMemory);
  if (wrong !== undefined) refuse(`--max-memory: ${wrong}.`);
  if (options.readyPath !== undefined && options.ready === 'online')
    refuse('--ready-path: cannot be combined with --ready online: what never listens cannot be asked. Leave one of them out.');
  if (options.startMode !== 'worker_threads') return;
  if (Number(options.spares ?? 0) > 0)
    refuse('--spares: cannot be combined with startMode "worker_threads": a thread that is started anew boots in the same process. Leave one of them out.');
  if (options.maxMemory !== undefined)
    refuse('--max-memory: cannot be combined with startMode "worker_threads": threads share the memory of one process. Use --max-requests or --max-age.');
  if (options.sticky) refuse('sticky: cannot be combined with startMode "worker_threads": a connection cannot be handed to a thread. Leave one of them out.');
  if (options.reusePort && toNumber(options.port) === undefined) refuse('options.port must be specified when reusePort is enabled');
  if (program?.kind === 'entry') refuse('startMode "worker_threads" is for frameworks: a program is the main module of a process. Leave it out.');
}
