// Changes one place of a YAML or JSON text and no other character of it. Knows the usual ways to write such files; undefined: not this one.
// Whoever calls it compares what the text says before and after.

import type { Document } from 'yaml';

export type Yaml = typeof import('yaml');
export type Value = string | number;
export type Path = readonly string[];

/** Where something stands. What is empty (`key:`) stands nowhere and is null. */
interface Spot {
  readonly kind: 'value' | 'null' | 'map' | 'list';
  readonly isFlow: boolean;
  readonly from: number;
  readonly to: number;
  readonly pairs: readonly Pair[];
  readonly items: readonly Spot[];
}

interface Pair {
  readonly key: string;
  readonly from: number;
  readonly keyTo: number;
  readonly value: Spot;
}

export class ConfigText {
  readonly #text: string;
  readonly #root: Spot;
  readonly #isJson: boolean;
  readonly #yaml: Yaml;
  readonly #eol: string;
  readonly #unit: string;

  constructor(text: string, isJson: boolean, document: Document, yaml: Yaml) {
    this.#text = text;
    this.#isJson = isJson;
    this.#yaml = yaml;
    this.#root = this.#spotOf(document.contents, text.length);
    this.#eol = text.includes('\r\n') ? '\r\n' : '\n';
    this.#unit = (isJson ? /^[ \t]+(?=\S)/m.exec(text)?.[0] : this.#unitOf(this.#root)) ?? '  ';
  }

  /** The text with the value there; missing parents are made. */
  set(path: Path, value: Value): string | undefined {
    let [spot, pair]: [Spot, Pair | undefined] = [this.#root, undefined];
    for (const [depth, key] of path.entries()) {
      const rest = path.slice(depth);
      if (spot.kind === 'null') return pair === undefined ? this.#append(rest, value) : this.#fillNull(pair, rest, value);
      if (spot.kind === 'value') return undefined;
      pair = spot.pairs.find(candidate => candidate.key === key);
      const next: Spot | undefined = spot.kind === 'list' ? spot.items[Number(key)] : pair?.value;
      if (next === undefined) return spot.kind === 'list' ? undefined : this.#insert(spot, rest, value);
      spot = next;
    }
    if (spot.kind === 'value') return this.#cut(spot.from, spot.to, this.#scalar(value, this.#text[spot.from]));
    return spot.kind === 'null' && pair !== undefined ? this.#giveNull(pair, value) : undefined;
  }

  /** The text without the key and its value. */
  remove(path: Path): string | undefined {
    let spot: Spot | undefined = this.#root;
    for (const key of path.slice(0, -1)) spot = spot?.kind === 'list' ? spot.items[Number(key)] : spot?.pairs.find(pair => pair.key === key)?.value;
    const index = spot?.pairs.findIndex(({ key }) => key === path.at(-1)) ?? -1;
    const [before, pair, after] = [spot?.pairs[index - 1], spot?.pairs[index], spot?.pairs[index + 1]];
    if (spot === undefined || pair === undefined) return undefined;
    if (!spot.isFlow) return this.#removeLines(pair);
    if (after !== undefined) return this.#cut(pair.from, after.from, '');
    return this.#cut(before === undefined ? pair.from : endOf(before), endOf(pair), '');
  }

  #removeLines(pair: Pair): string | undefined {
    const start = this.#lineStart(pair.from);
    return this.#text.slice(start, pair.from).trim() === '' ? this.#cut(start, this.#lineEnd(endOf(pair)), '') : undefined;
  }

  #append(path: Path, value: Value): string | undefined {
    if (this.#isJson) return undefined;
    return this.#onNewLine(this.#text.length, '', path, value);
  }

  /** `key:` or `key: null` gets what is below it. */
  #fillNull(pair: Pair, path: Path, value: Value): string | undefined {
    const { from, to } = pair.value;
    if (this.#isJson) return this.#cut(from, to, this.#nested(path, value, this.#indentAt(from), this.#isPretty));
    if (this.#text.slice(this.#lineStart(pair.from), pair.from).trim() !== '') return undefined;
    const line = this.#lineEnd(Math.max(pair.keyTo, to));
    const text = this.#onNewLine(line, this.#indentAt(pair.from) + this.#unit, path, value);
    return text.slice(0, from) + text.slice(to);
  }

  #giveNull(pair: Pair, value: Value): string {
    const { from, to } = pair.value;
    if (to > from) return this.#cut(from, to, this.#scalar(value, undefined));
    const colon = this.#text.indexOf(':', pair.keyTo) + 1;
    return this.#cut(colon, colon, ` ${this.#scalar(value, undefined)}`);
  }

  #insert(map: Spot, path: Path, value: Value): string | undefined {
    const last = map.pairs.at(-1);
    if (!map.isFlow) return last && this.#onNewLine(this.#lineEnd(endOf(last)), ' '.repeat(last.from - this.#lineStart(last.from)), path, value);
    if (last === undefined) return this.#cut(map.from, map.to, this.#nested(path, value, this.#indentAt(map.from), this.#isJson && this.#isPretty));
    const gap = /\s*$/.exec(this.#text.slice(map.from + 1, last.from))?.[0] ?? '';
    const isPretty = gap.includes('\n');
    const hasSpace = /^\s*:\s/.test(this.#text.slice(last.keyTo));
    const indent = isPretty ? gap.slice(gap.lastIndexOf('\n') + 1) : '';
    const entry = this.#entry(path, value, indent, isPretty && this.#isJson, hasSpace);
    return this.#cut(endOf(last), endOf(last), `,${isPretty ? gap : hasSpace ? ' ' : ''}${entry}`);
  }

  /** Block style: a line for each key. */
  #onNewLine(at: number, indent: string, path: Path, value: Value): string {
    const lines = path.map((key, depth) => {
      const end = depth === path.length - 1 ? ` ${this.#scalar(value, undefined)}` : '';
      return `${indent}${this.#unit.repeat(depth)}${this.#yaml.stringify(key, { lineWidth: 0 }).trimEnd()}:${end}${this.#eol}`;
    });
    const isLineStart = at === 0 || this.#text[at - 1] === '\n';
    return this.#cut(at, at, `${isLineStart ? '' : this.#eol}${lines.join('')}`);
  }

  /** Flow style: braces. */
  #nested(path: Path, value: Value, indent: string, isPretty: boolean, hasSpace = this.#hasSpace): string {
    const inner = this.#entry(path, value, indent + this.#unit, isPretty, hasSpace);
    return isPretty ? `{${this.#eol}${indent}${this.#unit}${inner}${this.#eol}${indent}}` : `{${inner}}`;
  }

  #entry([key = '', ...rest]: Path, value: Value, indent: string, isPretty: boolean, hasSpace: boolean): string {
    const inner = rest.length === 0 ? JSON.stringify(value) : this.#nested(rest, value, indent, isPretty, hasSpace);
    return `${JSON.stringify(key)}:${hasSpace ? ' ' : ''}${inner}`;
  }

  /** After the colons of compact JSON there is none. */
  get #hasSpace(): boolean {
    const [first] = this.#root.pairs;
    return first === undefined || !/^\s*:\S/.test(this.#text.slice(first.keyTo));
  }

  get #isPretty(): boolean {
    const { from, to, pairs } = this.#root;
    return this.#text.slice(from, pairs.length === 0 ? undefined : to).includes('\n');
  }

  /** In the quotes that were there. */
  #scalar(value: Value, quote: string | undefined): string {
    if (typeof value === 'number' || this.#isJson || quote === '"') return JSON.stringify(value);
    return quote === "'" ? `'${value.replaceAll("'", "''")}'` : this.#yaml.stringify(value, { lineWidth: 0 }).trimEnd();
  }

  #cut(from: number, to: number, text: string): string {
    return this.#text.slice(0, from) + text + this.#text.slice(to);
  }

  #lineStart(at: number): number {
    return at === 0 ? 0 : this.#text.lastIndexOf('\n', at - 1) + 1;
  }

  /** Of the next line, unless it stands at one already: a block of text ends so. */
  #lineEnd(at: number): number {
    if (at > 0 && this.#text[at - 1] === '\n') return at;
    const end = this.#text.indexOf('\n', at);
    return end < 0 ? this.#text.length : end + 1;
  }

  #indentAt(at: number): string {
    return /^[ \t]*/.exec(this.#text.slice(this.#lineStart(at)))?.[0] ?? '';
  }

  #unitOf({ pairs, items }: Spot): string | undefined {
    for (const { from, value } of pairs) {
      const [first] = value.pairs;
      if (first !== undefined && !value.isFlow) return ' '.repeat(Math.max(1, this.#column(first.from) - this.#column(from)));
    }
    return [...pairs.map(({ value }) => value), ...items].map(spot => this.#unitOf(spot)).find(unit => unit !== undefined);
  }

  #column(at: number): number {
    return at - this.#lineStart(at);
  }

  #spotOf(node: unknown, empty: number): Spot {
    const { isMap, isSeq, isScalar, isNode } = this.#yaml;
    const [from, to] = (isNode(node) ? node.range : undefined) ?? [empty, empty];
    const isFlow = (isMap(node) || isSeq(node)) && node.flow === true;
    const none = { isFlow, from, to, pairs: [], items: [] };
    if (isMap(node)) {
      const pairs = node.items.map(({ key, value }): Pair => {
        const [start, keyTo] = (isNode(key) ? key.range : undefined) ?? [from, from];
        return { key: isScalar(key) ? String(key.value) : '', from: start, keyTo, value: this.#spotOf(value, keyTo) };
      });
      return { ...none, kind: 'map', pairs, to: isFlow ? to : endOf(pairs.at(-1)) };
    }
    if (isSeq(node)) {
      const items = node.items.map(item => this.#spotOf(item, from));
      return { ...none, kind: 'list', items, to: isFlow ? to : (items.at(-1)?.to ?? to) };
    }
    return { ...none, kind: node === null || (isScalar(node) && node.value === null) ? 'null' : 'value' };
  }
}

const endOf = (pair: Pair | undefined): number => Math.max(pair?.keyTo ?? 0, pair?.value.to ?? 0);
