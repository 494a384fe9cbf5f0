// What a completion script is made from, and what all three shells need of it.

export interface CompletionOption {
  /** `--workers`, or as help has it: `-w, --workers <n>`. */
  readonly flag: string;
  readonly description: string;
  readonly takesValue: boolean;
}

export interface CompletionCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletionOption[];
  /** Its arguments are names of running instances. */
  readonly takesName: boolean;
}

export interface CompletionSpec {
  readonly commands: readonly CompletionCommand[];
}

/** Prints one name of a running instance per line. */
export const LIST_NAMES = 'app-cluster ls --names';

/** Commands whose argument is a file or a folder. */
const TAKES_FILE: ReadonlySet<string> = new Set(['start', 'run']);

export type ArgumentKind = 'names' | 'files' | 'none';

export function argumentKind({ name, takesName }: CompletionCommand): ArgumentKind {
  return takesName ? 'names' : TAKES_FILE.has(name) ? 'files' : 'none';
}

/** `-w, --workers <n>` → `-w`, `--workers`. */
export function spellings(flag: string): readonly string[] {
  return flag.match(/(?<![^\s,|])--?[A-Za-z\d][\w-]*/g) ?? [];
}

/** Spellings of the options for which `isWanted` holds, with what they mean. */
export function flagsOf({ options }: CompletionCommand, isWanted: (option: CompletionOption) => boolean = () => true) {
  return options.filter(isWanted).flatMap(({ flag, description }) => spellings(flag).map(spelling => ({ spelling, description })));
}

/** For bash and zsh: nothing is special between single quotes but the quote itself. */
export function posixQuoted(text: string): string {
  return `'${oneLine(text).replaceAll("'", "'\\''")}'`;
}

export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
