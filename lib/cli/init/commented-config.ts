// What `app-cluster init` writes: a configuration file in which every option stands, those that were not asked for as comments.

import { ClusterError, messageOf } from '../../errors.js';
import { OPTIONS } from '../../protocol/options.generated.js';
import type { ClusterOptions } from '../../protocol/options.js';
import { jsEntry, yamlEntry } from './literals.js';
import { NOT_IN_A_FILE, OPTION_GROUPS } from './option-examples.js';

export type ConfigFormat = 'js' | 'json' | 'yaml';

interface Row {
  readonly name: string;
  readonly value: unknown;
  readonly isSet: boolean;
}

interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

interface Syntax {
  readonly head: readonly string[];
  readonly tail: readonly string[];
  readonly indent: string;
  readonly comment: string;
  readonly entry: (name: string, value: unknown) => readonly string[];
}

const INTRODUCTION = [
  'Options of app-cluster. Commented ones show an example: take the comment away to set them.',
  'A flag (app-cluster start --help) and the environment (APP_CLUSTER_WORKERS …, PORT) beat this file.',
];

const SYNTAX: Readonly<Record<'js' | 'yaml', Syntax>> = {
  js: {
    head: [...INTRODUCTION.map(line => `// ${line}`), '', "/** @type {import('app-cluster').ClusterOptions} */", 'export default {'],
    tail: ['};'],
    indent: '  ',
    comment: '//',
    entry: jsEntry,
  },
  yaml: { head: [...INTRODUCTION.map(line => `# ${line}`), ''], tail: [], indent: '', comment: '#', entry: yamlEntry },
};

/** The text of app-cluster.config.js (an ES module), .json or .yaml. JSON has no comments: it holds the given options alone. */
export function commentedConfig(options: Partial<ClusterOptions>, { format }: { readonly format: ConfigFormat }): string {
  const sections = sectionsOf(plainData(options));
  if (format === 'json') return `${JSON.stringify(givenIn(sections), null, 2)}\n`;
  const { head, tail, ...syntax } = SYNTAX[format];
  const body = sections.flatMap(section => sectionLines(section, syntax));
  return `${[...head, ...body.slice(0, -1), ...tail].join('\n')}\n`;
}

function plainData(options: Partial<ClusterOptions>): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(JSON.stringify(options)) as Record<string, unknown>;
  } catch (error) {
    throw new ClusterError('ERR_INVALID_OPTIONS', `The options cannot be written to a file: ${messageOf(error).split('\n')[0]}. They must be plain data.`);
  }
}

/** Given options that have no place of their own come last: nothing that was asked for is lost. */
function sectionsOf(given: Readonly<Record<string, unknown>>): Section[] {
  const groups = OPTION_GROUPS.map(({ title, examples }) => ({ title, rows: Object.entries(examples).filter(isShown).map(toRow) }));
  const placed = new Set(groups.flatMap(({ rows }) => rows.map(({ name }) => name)));
  const others = Object.entries(given).filter(([name]) => !placed.has(name));
  const further = { title: 'Further options', rows: others.map(([name, value]) => ({ name, value, isSet: true })) };
  return [...groups, further].filter(({ rows }) => rows.length > 0);

  function toRow([name, example]: readonly [string, unknown]): Row {
    const isSet = Object.hasOwn(given, name);
    return { name, value: isSet ? given[name] : example, isSet };
  }
}

function isShown([name]: readonly [string, unknown]): boolean {
  return !NOT_IN_A_FILE.has(name) && OPTIONS.some(option => option.name === name && !option.deprecated);
}

function givenIn(sections: readonly Section[]): Record<string, unknown> {
  const rows = sections.flatMap(section => section.rows).filter(({ isSet }) => isSet);
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

function sectionLines({ title, rows }: Section, syntax: Omit<Syntax, 'head' | 'tail'>): string[] {
  return [`${syntax.indent}${syntax.comment} --- ${title} ---`, '', ...rows.flatMap(row => [...rowLines(row, syntax), ''])];
}

function rowLines({ name, value, isSet }: Row, { indent, comment, entry }: Omit<Syntax, 'head' | 'tail'>): string[] {
  const description = OPTIONS.find(option => option.name === name)?.description;
  const about = description === undefined ? [] : [`${comment} ${description}`];
  const lines = entry(name, value).map(line => (isSet ? line : `${comment} ${line}`));
  return [...about, ...lines].map(line => `${indent}${line}`);
}
