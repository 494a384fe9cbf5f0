// Words of a command line without some of its options.

/** `--flag value` and `--flag=value` of the given flags are left out; they have a value each. */
export function optionWords(words: readonly string[], without: readonly string[]): string[] {
  return words.filter((word, index) => {
    const isOwn = without.some(flag => word === flag || word.startsWith(`${flag}=`));
    return !isOwn && !without.includes(words[index - 1] ?? '');
  });
}
