// app-cluster reload | restart | scale | kill | reopen-logs: what changes a running instance, and says what came of it.

import { resolve } from 'node:path';
import { connect } from '../../control/connect.js';
import { findInstance } from '../../control/find-instance.js';
import { findService } from '../../control/find-service.js';
import { VERBS } from '../../protocol/control.js';
import type { Account } from '../../protocol/snapshot.js';
import { type CommandOptions, type CommandSpec, JSON_OPTION, NAME, NAME_OR_SERVICE } from '../command.js';
import { withProgress } from '../progress.js';
import { lossText } from '../render/losses.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';
import { wholeNumber } from '../values.js';
import { restartService } from './services.js';

function sayAccount(text: string, account: Account, { json }: CommandOptions): number {
  const { tookMs, workers, generation, losses } = account;
  if (json) sayJson(account);
  else
    sayLines([
      `${text} in ${duration(tookMs)}: ${workers.length} worker${workers.length === 1 ? '' : 's'} ready, generation ${generation}`,
      ...(losses === undefined ? [] : [lossText(losses)]),
    ]);
  return 0;
}

const common = { args: [NAME], options: [JSON_OPTION], takesName: true } as const;

export const reload: CommandSpec = {
  ...common,
  name: 'reload',
  summary: VERBS.reload.summary,
  run: async ([name], options) => {
    const entry = findInstance(name);
    const client = await connect(entry.socket);
    return sayAccount(`${entry.name} reloaded`, await withProgress(client, options, () => client.reload()), options);
  },
};

export const restart: CommandSpec = {
  ...common,
  args: [NAME_OR_SERVICE],
  name: 'restart',
  summary: VERBS.restart.summary,
  run: async ([name], options) => {
    if (name !== undefined && findService(name) !== undefined) return restartService(name, options);
    const entry = findInstance(name);
    const client = await connect(entry.socket);
    return sayAccount(`${entry.name} restarted`, await withProgress(client, options, () => client.restart()), options);
  },
};

export const upgrade: CommandSpec = {
  ...common,
  name: 'upgrade',
  summary: VERBS.upgrade.summary,
  options: [['--node <path>', 'Which node runs the new master and its workers. Default: the same'], JSON_OPTION],
  run: async ([name], options) => {
    const entry = findInstance(name);
    const client = await connect(entry.socket);
    const node = options['node'] === undefined ? undefined : resolve(String(options['node']));
    const account = await withProgress(client, options, () => client.upgrade({ node }));
    if (options['json']) sayJson(account);
    else sayLines([`${entry.name} upgraded in ${duration(account.tookMs)}: its master is process ${account.masterPid}`, lossText(account.losses)]);
    return 0;
  },
};

export const scale: CommandSpec = {
  ...common,
  name: 'scale',
  summary: VERBS.scale.summary,
  args: [NAME, ['<workers>', 'how many app workers']],
  run: async ([name, workers], options) => {
    const count = wholeNumber('workers', workers, 1, 1_024);
    const entry = findInstance(name);
    const client = await connect(entry.socket);
    return sayAccount(`${entry.name} scaled`, await client.scale(count), options);
  },
};

export const kill: CommandSpec = {
  ...common,
  name: 'kill',
  summary: VERBS.kill.summary,
  args: [NAME, ['<worker>', 'its id (3 of app_worker#3), its pid, or agent']],
  options: [['--signal <signal>', 'Default: SIGKILL'], JSON_OPTION],
  run: async ([name, worker], { signal, json }) => {
    const entry = findInstance(name);
    const client = await connect(entry.socket);
    const killed = await client.verbs.kill({ worker: String(worker), ...(signal === undefined ? {} : { signal: String(signal) }) });
    if (json) sayJson(killed);
    else sayLines([`${signal ?? 'SIGKILL'} sent to process ${killed.pid} of ${entry.name}`]);
    return 0;
  },
};

export const reopenLogs: CommandSpec = {
  ...common,
  name: 'reopen-logs',
  summary: VERBS.reopenLogs.summary,
  run: async ([name], { json }) => {
    const { file } = await (await connect(findInstance(name).socket)).verbs.reopenLogs({});
    if (json) sayJson({ file });
    else sayLines([`writing to ${file}`]);
    return 0;
  },
};
