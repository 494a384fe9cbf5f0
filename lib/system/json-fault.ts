// Where a text stops being JSON, and why. The engine's own messages tell the place only sometimes, and repeat what stands around it: a secret, perhaps.

import { messageOf } from '../errors.js';

const BLANK = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in texts.
const TEXT = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/y;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SIGNS = { '{': /\{/y, '}': /\}/y, '[': /\[/y, ']': /\]/y, ':': /:/y, ',': /,/y } as const;

/** What it says; else throws `LINE:COLUMN: …` of the first thing that does not belong there, or of the end when something is missing. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const lines = text.slice(0, new Scan(text).end()).split('\n');
    const reason = messageOf(error).replace(/, (?:\.\.\.)?"[\s\S]*$| in JSON at position[\s\S]*$/, '');
    throw new SyntaxError(`${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}: ${reason}`);
  }
}

class Scan {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** How far it can be read. */
  end(): number {
    this.#value();
    this.#take(BLANK);
    return this.#at;
  }

  #value(): boolean {
    this.#take(BLANK);
    if (this.#take(SIGNS['{'])) return this.#items(() => this.#pair(), SIGNS['}']);
    if (this.#take(SIGNS['['])) return this.#items(() => this.#value(), SIGNS[']']);
    return this.#take(TEXT) || this.#take(PLAIN);
  }

  #items(item: () => boolean, end: RegExp): boolean {
    this.#take(BLANK);
    if (this.#take(end)) return true;
    do {
      if (!item()) return false;
      this.#take(BLANK);
    } while (this.#take(SIGNS[',']));
    return this.#take(end);
  }

  #pair(): boolean {
    this.#take(BLANK);
    if (!this.#take(TEXT)) return false;
    this.#take(BLANK);
    return this.#take(SIGNS[':']) && this.#value();
  }

  #take(what: RegExp): boolean {
    what.lastIndex = this.#at;
    const found = what.test(this.#text);
    if (found) this.#at = what.lastIndex;
    return found;
  }
}
