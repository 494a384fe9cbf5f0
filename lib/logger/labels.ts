// What several services write to one terminal, each line with the name of who wrote it.

import { serviceOf } from '../protocol/log-line.js';

export class Labels {
  #width = 0;

  /** One for each pipe: a line may come in pieces. */
  of(source: string): (chunk: Buffer) => Buffer {
    const name = serviceOf({ source });
    this.#width = Math.max(this.#width, name.length);
    let isMidLine = false;
    return chunk => {
      const label = `${name.padEnd(this.#width)} | `;
      const text = chunk.toString('latin1'); // One character a byte: nothing is decoded, nothing mangled.
      const labelled = text.replaceAll(/\n(?!$)/g, `\n${label}`);
      const begun = isMidLine ? labelled : `${label}${labelled}`;
      isMidLine = !text.endsWith('\n');
      return Buffer.from(begun, 'latin1');
    };
  }
}
