// Splits a text into words as a POSIX shell does, without expanding anything.

const PIECE = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^\s'"\\]+)|(\s+)|[\s\S]/g;

/** Undefined when a quote is not closed, or the text ends with a lone backslash. */
export function shellWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined; // An empty pair of quotes is a word too.
  for (const [, single, double, escaped, bare, space] of text.matchAll(PIECE)) {
    const piece = single ?? (double === undefined ? undefined : unescaped(double)) ?? (escaped === '\n' ? '' : escaped) ?? bare;
    if (piece === undefined && space === undefined) return undefined;
    if (piece !== undefined) word = `${word ?? ''}${piece}`;
    else if (word !== undefined) words.push(word);
    if (space !== undefined) word = undefined;
  }
  return word === undefined ? words : [...words, word];
}

/** Between double quotes a backslash is one itself, but before these. */
function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (pair, character: string) => (character === '\n' ? '' : '"\\$`'.includes(character) ? character : pair));
}
