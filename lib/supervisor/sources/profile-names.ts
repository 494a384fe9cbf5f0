// Row G1: which profiles a gateway has: its own command says so, else its folders do.

import { join, resolve } from 'node:path';
import { type InvalidService, SERVICE_NAME, SERVICE_NAME_RULE } from '../../protocol/service-spec.js';
import { outputOf } from '../../system/command-output.js';
import { isFile, isFolder } from '../../system/project-files.js';
import { fileNames } from '../../system/whole-files.js';

/** The profile at the root of the folder. */
export const ROOT_PROFILE = 'default';
const FOLDER = 'profiles';
const LIMIT_MS = 10_000;

export interface ProfilesFolder {
  readonly root: string;
  readonly configFile: string;
  readonly listCommand: readonly string[] | undefined;
  /** Of the command; its path is absolute, or a word. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProfileNames {
  readonly names: readonly string[];
  readonly invalid: readonly InvalidService[];
  readonly warnings: readonly string[];
}

export const homeOf = (root: string, name: string): string => (name === ROOT_PROFILE ? root : join(root, FOLDER, name));

export async function profileNames(folder: ProfilesFolder): Promise<ProfileNames> {
  const { root, listCommand, environment } = folder;
  if (listCommand === undefined) return scanned(folder);
  const output = await outputOf({ command: listCommand, cwd: root, environment, limitMs: LIMIT_MS });
  const listed = 'text' in output ? listedNames(output.text) : [];
  if (listed.length > 0) return existing(root, listed);
  const why = 'failure' in output ? output.failure : 'it lists no profile';
  const found = scanned(folder);
  return { ...found, warnings: [`listCommand ${listCommand.join(' ')}: ${why}; the folders are looked at instead`] };
}

function existing(root: string, listed: readonly string[]): ProfileNames {
  const names = listed.filter(name => isFolder(homeOf(root, name)));
  const lost = listed.filter(name => !names.includes(name));
  return { names, invalid: [], warnings: lost.map(name => `listCommand lists ${name}, and there is no folder ${homeOf(root, name)}`) };
}

function scanned({ root, configFile }: ProfilesFolder): ProfileNames {
  const folder = resolve(root, FOLDER);
  const found = [...fileNames(folder)].sort().filter(name => isFile(join(folder, name, configFile)));
  const bad = found.filter(name => !SERVICE_NAME.test(name) || name === ROOT_PROFILE);
  const reasonOf = (name: string) =>
    name === ROOT_PROFILE ? `${ROOT_PROFILE} is the profile at ${root}: rename this one` : `the name of its folder ${SERVICE_NAME_RULE}`;
  return {
    names: [ROOT_PROFILE, ...found.filter(name => !bad.includes(name))],
    invalid: bad.map(name => ({ name, source: join(folder, name), reason: reasonOf(name) })),
    warnings: [],
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
const COLOUR = /\u001B\[[\d;?]*[A-Za-z]/g;
/** Borders of a table, and the mark of the active profile. */
const ORNAMENT = /^[\s|│┃║]*(?:[*+>•●○◆◇▶►→✓✔➜✱★☆-]\s*)?/u;
const RULE = /^[\s|+\-=_─━═—–┄┈╌·*.:│┃║┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╭╮╯╰╞╡╪]+$/;
const HEADING = /^(?:available |gateway )?(?:profiles?|names?)\b\s*(?:$|:|[|│]|\(|\s\s|\t|[A-Z])/i;

/** The first word of each line that is neither heading nor rule. */
export function listedNames(output: string): readonly string[] {
  const lines = output
    .replaceAll(COLOUR, '')
    .split(/\r?\n/)
    .filter(line => line.trim() !== '');
  const isRule = (line: string | undefined) => line !== undefined && RULE.test(line);
  const rows = lines.filter((line, index) => {
    const isFirst = lines.slice(0, index).every(isRule);
    const bare = line.replace(ORNAMENT, '');
    return !isRule(line) && !(isFirst && (isRule(lines[index + 1]) || HEADING.test(bare)));
  });
  const words = rows.map(line => /^[^\s|│┃║]+/.exec(line.replace(ORNAMENT, ''))?.[0] ?? '');
  return [...new Set(words.filter(word => SERVICE_NAME.test(word)))];
}
