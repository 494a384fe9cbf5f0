// argv → what was asked for, and everything that is wrong with it.

import { CommanderError } from 'commander';
import { OPTIONS } from '../protocol/options.generated.js';
import { type Issue, nearestOption } from '../protocol/options.js';
import { startCommand } from '../protocol/start-command.js';

export interface CommandLine {
  /** A folder or a file. */
  readonly target: string | undefined;
  readonly config: string | undefined;
  /** Option names and what was given for them; texts are not converted yet. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly issues: readonly Issue[];
}

/** @param argv what follows `start` */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const dashes = argv.indexOf('--');
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const args = dashes < 0 ? {} : { args: argv.slice(dashes + 1) };
  const command = startCommand()
    .exitOverride()
    .allowUnknownOption()
    .allowExcessArguments()
    .configureOutput({ writeErr: () => {} });
  try {
    command.parse([...own], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { target: undefined, config: undefined, flags: {}, issues: [usage(error.message.replace(/^error: /, ''))] };
  }
  const { config, ...options } = command.opts<Record<string, unknown>>();
  const unknown = command.args.filter(argument => argument.startsWith('-'));
  const [target, ...excess] = command.args.filter(argument => !argument.startsWith('-'));
  const issues = unknown.map(unknownOption);
  if (issues.length === 0 && excess.length > 0)
    issues.push(usage(`unexpected ${excess.join(' ')}: there is one target; arguments of the program itself follow --`));
  return { target, config: config as string | undefined, flags: { ...given(options), ...args }, issues };
}

const usage = (message: string): Issue => ({ kind: 'usage', message });

/** Commander fills in empty lists, and `agent: true` for its negation. */
function given(options: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown) => value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  const isDefault = (name: string, value: unknown) => value === true && ['agent', 'logFiles', 'keeper', 'watchdog'].includes(name); // What their negations fill in.
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => !isEmpty(value) && !isDefault(name, value)));
}

function unknownOption(text: string): Issue {
  const [name = text] = text.split('=');
  const camel = name.replace(/^-+/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const meant = OPTIONS.find(option => option.name === nearestOption(camel))?.flag;
  if (meant !== undefined && flagName(meant) === name) return usage(`${name} takes no value, got ${text}`);
  return usage(`unknown option ${name}${meant === undefined ? '' : `: did you mean ${flagName(meant)}?`}`);
}

/** `-w, --workers <n>` → `--workers`. */
export function flagName(flag: string): string {
  return /--[\w-]+/.exec(flag)?.[0] ?? flag;
}
