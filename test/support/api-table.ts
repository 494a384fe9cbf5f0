// The verbs as a markdown table: what docs/http.md shows is made from what routes, client and command line are made from. Pure.

import type { ARGUMENTS } from '../../lib/protocol/control.generated.js';
import type { VERBS, Verb } from '../../lib/protocol/control.js';

type Names = keyof typeof VERBS;
type Argument = (typeof ARGUMENTS)[Names];

const BEGIN = '<!-- verbs: made by `node dist/test/support/write-api-table.js` -->';
const END = '<!-- /verbs -->';
const TITLES = ['verb', 'method and path', 'access', 'arguments', 'what it does'];

export function apiTable(verbs: Readonly<Record<string, Verb>>, args: Readonly<Record<string, Argument>>): string {
  const rows = Object.entries(verbs).map(([name, verb]) => {
    const { method, path, access, isStream, summary } = verb;
    return [`\`${name}\``, `\`${method} ${path}\``, access, argumentsOf(args[name]), isStream ? `${summary} (a stream)` : summary].map(cell);
  });
  return [TITLES, TITLES.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

function argumentsOf(args: Argument | undefined): string {
  const { properties = {}, required = [] } = args ?? {};
  const text = ([name, { description = '' }]: [string, { readonly description?: string }]) =>
    `\`${name}\`${required.includes(name) ? ' (required)' : ''}: ${description}`;
  return Object.entries(properties).map(text).join('<br>') || '–';
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** What stands between the marks; undefined when they are not there. */
export function tableIn(page: string): string | undefined {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  return begin < 0 || end < begin ? undefined : page.slice(begin + BEGIN.length, end).trim();
}

/** Throws when the marks are not there. */
export function withTable(page: string, table: string): string {
  if (tableIn(page) === undefined) throw new Error(`the page has no place for the table: ${BEGIN} … ${END}`);
  const [begin, end] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
  return `${page.slice(0, begin)}\n\n${table}\n\n${page.slice(end)}`;
}
