// `${port}`, `${host}`, `${home}`, `${env:X}` in the texts of a services file; `$$` is a dollar sign, and so is one that begins none.

export interface PlaceholderValues {
  readonly port: number | undefined;
  readonly host: string;
  readonly home: string;
  readonly env: (name: string) => string | undefined;
}

/** A literal, or what is between the braces. */
export type Piece = { readonly text: string } | { readonly name: string };

const TOKEN = /\$\$|\$\{([^{}]*)\}/g;

export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push(match[1] === undefined ? { text: '$' } : { name: match[1] });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** The opposite of `fill` for a text without placeholders. */
export const literal = (text: string): string => text.replaceAll('$', '$$$$');

/** Throws a sentence that says which placeholder has no value. */
export function fill(text: string, values: PlaceholderValues): string {
  return piecesOf(text)
    .map(piece => ('text' in piece ? piece.text : filledIn(piece.name, values)))
    .join('');
}

function filledIn(name: string, { port, host, home, env }: PlaceholderValues): string {
  if (name === 'host') return host;
  if (name === 'home') return home;
  if (name === 'port' && port !== undefined) return String(port);
  const variable = /^env:(.+)$/s.exec(name)?.[1];
  const value = variable === undefined ? undefined : env(variable);
  if (value !== undefined) return value;
  throw new Error(whyUnset(name, variable));
}

function whyUnset(name: string, variable: string | undefined): string {
  if (variable !== undefined) return `\${${name}}: the environment variable ${variable} is not set`;
  if (name === 'port') return `\${port}: the service has no port: give it one (port: auto)`;
  return `\${${name}} is not known: there are \${port}, \${host}, \${home} and \${env:NAME}; a dollar sign is $$`;
}

/** What is wrong with a text whatever the values are; undefined: nothing. */
export function placeholderIssue(text: string, hasPort: boolean): string | undefined {
  try {
    fill(text, { port: hasPort ? 1 : undefined, host: '', home: '', env: () => '' });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
