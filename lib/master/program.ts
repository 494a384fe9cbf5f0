// Which program is to run: a framework, or a plain entry. Finds it on the disk.

import { basename, extname, isAbsolute, join, resolve } from 'node:path';
import { messageOf } from '../errors.js';
import type { ClusterOptions, Issue } from '../protocol/options.js';
import { currentDirectory } from '../system/environment.js';
import { exists, installedPackage, isFile, isFolder, type PackageFacts, readPackage, realPath } from '../system/project-files.js';
import type { Program, Settings } from './settings.js';

const ENTRY_NAMES = ['app', 'server', 'index'];
const EXTENSIONS = ['js', 'mjs', 'cjs', 'ts', 'mts'];

type Found = Program | { readonly issues: readonly Issue[] };

const wrong = (message: string): Found => ({ issues: [{ kind: 'configuration', message }] });

/** @param flavour a call without anything to run gets egg-cluster's answer: it takes egg for granted */
export function findProgram(options: ClusterOptions, baseDir: string, flavour: Settings['flavour']): Found {
  let facts: PackageFacts | undefined;
  try {
    facts = readPackage(baseDir);
  } catch (error) {
    return wrong(`${join(baseDir, 'package.json')} cannot be read: ${messageOf(error)}`);
  }
  const framework = options.framework ?? options.customEgg ?? facts?.egg?.framework;
  if (framework !== undefined) return facts === undefined ? wrong(`${baseDir}/package.json should exist`) : findFramework(framework, baseDir);
  const entry = options.entry ?? (facts?.appCluster?.['entry'] as string | undefined);
  if (entry !== undefined) return findEntry(resolve(baseDir, entry), options, facts);
  const egg = facts && installedPackage('egg', baseDir);
  if (egg !== undefined) return frameworkAt(egg);
  const guess = guessEntry(options, baseDir, facts);
  if (flavour === 'command' || !('issues' in guess) || facts === undefined) return guess;
  return { issues: [{ kind: 'configuration', message: notFound('egg', baseDir), advice: guess.issues[0]?.message ?? '' }] };
}

function findFramework(framework: string, baseDir: string): Found {
  if (isAbsolute(framework)) return isFolder(framework) ? frameworkAt(framework) : wrong(`${framework} should exist`);
  const direct = moduleFolders(baseDir)
    .map(folder => join(folder, framework))
    .find(isFolder);
  const found = direct ?? installedPackage(framework, baseDir);
  return found === undefined ? wrong(notFound(framework, baseDir)) : frameworkAt(found);
}

const moduleFolders = (baseDir: string) => [...new Set([baseDir, currentDirectory()])].map(folder => join(folder, 'node_modules'));
const notFound = (name: string, baseDir: string) => `${name} is not found in ${moduleFolders(baseDir).join(',')}`;

function frameworkAt(directory: string): Found {
  try {
    const facts = readPackage(directory) ?? {};
    return { kind: 'framework', directory, name: facts.name ?? basename(directory), version: facts.version ?? '0.0.0' };
  } catch (error) {
    return wrong(`${join(directory, 'package.json')} cannot be read: ${messageOf(error)}`);
  }
}

/** `main` counts only if it is there: `npm init` writes one that often is not. */
function guessEntry(options: ClusterOptions, baseDir: string, facts: PackageFacts | undefined): Found {
  const main = facts?.main;
  const guesses = [...(main === undefined ? [] : [main, `${main}.js`]), ...ENTRY_NAMES.flatMap(name => EXTENSIONS.map(extension => `${name}.${extension}`))];
  const guess = guesses.map(name => join(baseDir, name)).find(isFile);
  if (guess !== undefined) return findEntry(guess, options, facts);
  if (facts === undefined) return wrong(`${baseDir}/package.json should exist, or name the application: a file, or a folder that has one`);
  const named = main === undefined ? '' : ` (its package.json names ${main}, which does not exist)`;
  return wrong(`There is nothing to run in ${baseDir}${named}: expected app, server or index with .${EXTENSIONS.join(', .')}. Name the file.`);
}

function findEntry(path: string, options: ClusterOptions, facts: PackageFacts | undefined): Found {
  if (!exists(path)) return wrong(`The entry ${path} does not exist.`);
  if (isFolder(path)) return wrong(`The entry ${path} is a folder: name the file in it, or start the folder.`);
  const file = realPath(path);
  const agentFile = findAgent(options, file);
  if (typeof agentFile === 'object') return agentFile;
  return { kind: 'entry', file, agentFile, name: facts?.name ?? basename(file, extname(file)), version: facts?.version ?? '0.0.0' };
}

function findAgent({ agent, baseDir }: ClusterOptions, entry: string): string | undefined | Found {
  if (agent === false) return undefined;
  if (typeof agent === 'string') {
    const path = resolve(baseDir ?? currentDirectory(), agent);
    return isFile(path) ? realPath(path) : wrong(`The agent ${path} does not exist.`);
  }
  const beside = EXTENSIONS.map(extension => join(entry, '..', `agent.${extension}`)).find(isFile);
  return beside === undefined || realPath(beside) === entry ? undefined : realPath(beside);
}
