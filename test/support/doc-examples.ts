// The examples of a page of docs/: fenced blocks whose first line says what is to be done with them.
//
//   ```js run           runs under node           ```js file NAME    is written beside the examples of its page
//   ```sh run           runs under bash           ```text            right below: lines that must be printed, in this order
//
// In a text block `…` stands for anything within a line. Pure.

export interface Example {
  readonly language: 'js' | 'sh';
  readonly code: string;
  /** Of its fence, from 1. */
  readonly line: number;
  /** Lines that must be printed. */
  readonly wanted: readonly string[];
}

export interface Page {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly examples: readonly Example[];
}

interface Block {
  readonly info: string;
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
}

export function examplesOf(markdown: string): Page {
  const blocks = blocksOf(markdown.split('\n'));
  const files = blocks.flatMap(({ info, text }) => {
    const name = /^\w+ file ([\w.-]+)$/.exec(info)?.[1];
    return name === undefined ? [] : [{ name, text }];
  });
  const examples = blocks.flatMap(({ info, text, line, endLine }, index): Example[] => {
    const language = /^(js|sh) run$/.exec(info)?.[1];
    if (language === undefined) return [];
    const next = blocks[index + 1];
    const isBelow = next?.info === 'text' && next.line - endLine <= 2;
    return [{ language: language as Example['language'], code: text, line, wanted: isBelow ? next.text.trimEnd().split('\n') : [] }];
  });
  return { files, examples };
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let begin = -1;
  lines.forEach((line, index) => {
    if (!line.startsWith('```')) return;
    if (begin < 0) begin = index;
    else {
      blocks.push({
        info: (lines[begin] ?? '').slice(3).trim(),
        text: `${lines.slice(begin + 1, index).join('\n')}\n`,
        line: begin + 1,
        endLine: index + 1,
      });
      begin = -1;
    }
  });
  return blocks;
}

/** Those of `wanted` that were not printed, from the first on that is missing; other lines may stand between them. */
export function missingLines(wanted: readonly string[], output: string): readonly string[] {
  const printed = output.split('\n').map(line => line.trimEnd());
  let from = 0;
  for (const [index, line] of wanted.entries()) {
    const pattern = patternOf(line.trimEnd());
    const found = printed.findIndex((text, at) => at >= from && pattern.test(text));
    if (found < 0) return wanted.slice(index);
    from = found + 1;
  }
  return [];
}

const patternOf = (line: string) =>
  new RegExp(
    `^${line
      .split('…')
      .map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
