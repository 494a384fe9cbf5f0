// What is known of a worker that hung: as its own thread leaves it in a file, and as facts tell it.

const MOST_FRAMES = 30;
const LONGEST = 2_000;

export interface HangEvidence {
  /** Innermost first: `checkout (/srv/app/cart.js:41:9)`. Empty: see `note`. */
  readonly stack: readonly string[];
  /** Why there is no stack. */
  readonly note?: string | undefined;
  /** Path of a CPU profile. */
  readonly profile?: string | undefined;
}

export interface HangFacts extends HangEvidence {
  /** How long it had not been heard when it was given up. */
  readonly silentMs: number;
}

/** The file is the worker's, whose user may have written anything there. Undefined: it is none of ours. */
export function parseEvidence(text: string | undefined): HangEvidence | undefined {
  try {
    const { stack, note, profile } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (!Array.isArray(stack)) return undefined;
    const frames = stack.filter(line => typeof line === 'string').slice(0, MOST_FRAMES);
    return { stack: frames.map(plain), note: optional(note), profile: optional(profile) };
  } catch {
    return undefined;
  }
}

const optional = (value: unknown) => (typeof value === 'string' ? plain(value) : undefined);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal.
const plain = (text: string) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(0, LONGEST);

/** Where it stands: the innermost frame that is not Node's own. */
export function placeOf({ stack }: HangEvidence): string | undefined {
  return stack.find(line => !line.includes('(node:')) ?? stack[0];
}

/** `blocked for 60.1 s at checkout (/srv/app/cart.js:41:9)`. */
export function hangText(hang: HangFacts): string {
  const place = placeOf(hang);
  const where = place === undefined ? (hang.note === undefined ? '' : ` (${hang.note})`) : ` at ${place}`;
  return `blocked for ${(hang.silentMs / 1_000).toFixed(1)} s${where}`;
}

export const evidenceFile = (folder: string, mark: string): string => `${folder}/pending-${mark}.json`;
