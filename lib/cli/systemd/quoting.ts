// Words and values as systemd's unit files have them (systemd.syntax(7), systemd.service(5) "Command lines", systemd.unit(5) "Specifiers").

/** Nothing in it means anything to systemd. */
const PLAIN = /^[\w@+=:,./-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
const CONTROL = /[\u0000-\u001f\u007f]/;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '"': '\\"' };

/** Specifiers: `%h` is the user's home. */
const withoutSpecifiers = (text: string) => text.replaceAll('%', '%%');

/** Between double quotes, C escapes. A NUL cannot be in an argument. */
function quoted(text: string): string {
  if (text !== '' && PLAIN.test(text)) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
  const escaped = text.replace(/[\u0001-\u001f\u007f"\\]/g, character => ESCAPES[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `"${escaped}"`;
}

/** A line of ExecStart=. In its arguments `$` begins a variable; the program's own path is taken as it is. */
export function commandLineText([program = '', ...args]: readonly string[]): string {
  return [quoted(withoutSpecifiers(program)), ...args.map(arg => quoted(withoutSpecifiers(arg).replaceAll('$', '$$$$')))].join(' ');
}

/** Of Environment=. */
export const assignmentText = (name: string, value: string): string => quoted(withoutSpecifiers(`${name}=${value}`));

/** Undefined when a value that is not quoted, a path or a description, cannot hold it. */
export function plainValue(text: string): string | undefined {
  return CONTROL.test(text) || /^\s|[\s\\]$/.test(text) ? undefined : withoutSpecifiers(text);
}
