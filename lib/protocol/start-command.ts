// `app-cluster start` as commander sees it, made from the options table. Shared by the command line's help and by the master.

import { Command } from 'commander';
import { OPTIONS } from './options.generated.js';

export const START_SUMMARY = 'Run an application on app workers (and an agent, if it has one); in the background with --daemon';

export function startCommand(): Command {
  const command = new Command('start')
    .summary(START_SUMMARY)
    .description(`${START_SUMMARY}.`)
    .argument('[target]', "the application: its folder or its file; by default this folder's")
    .option('--config <file>', 'Options from this file. Default: app-cluster.config.{js,mjs,ts,json,yaml} or package.json#appCluster')
    .usage('[options] [dir|file] [-- arguments of the program]')
    .addHelpText(
      'after',
      '\nPrecedence: flag, environment (APP_CLUSTER_WORKERS …, PORT), file, default. Durations have a unit: 500ms, 30s, 5m.\nA service of a running supervisor: app-cluster start SUPERVISOR/SERVICE, or --service SUPERVISOR/SERVICE.',
    );
  for (const { name, flag, description, repeatable } of OPTIONS) {
    if (flag === undefined) continue;
    if (name === 'setEnv') command.option(flag, `${description}; repeatable`, collectPair, {});
    else if (repeatable) command.option(flag, `${description}; repeatable`, collect, []);
    else command.option(flag, description);
  }
  return command
    .option('-d, --daemon', 'Run in the background: return when it is ready, with its address')
    .option('--no-agent', 'Run no agent, whatever lies beside the entry');
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function collectPair(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const at = text.indexOf('=');
  return { ...before, [at < 0 ? text : text.slice(0, at)]: at < 0 ? null : text.slice(at + 1) };
}
