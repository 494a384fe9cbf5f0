// What of the options may be seen in a command line or a log. Pure.

const SECRET = /pass(word|phrase)|secret|token|credential|private_?key|api_?key/i;
/** Longer option texts do not fit one argument on every system (128 KiB on Linux). */
export const LONGEST_ARGUMENT = 100 * 1_024;

/** A copy without secrets: values under telling names, and PEM texts where a path was expected. */
export function withoutSecrets(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(options, (key, value: unknown) => (isSecret(key, value) ? undefined : value))) as Record<string, unknown>;
}

export const isSecretName = (name: string): boolean => SECRET.test(name);

function isSecret(key: string, value: unknown): boolean {
  return SECRET.test(key) || (typeof value === 'string' && value.includes('-----BEGIN')) || key === 'pfx';
}

/** The argument for a child, and whether the rest must come over the channel. */
export function optionsArgument(options: Readonly<Record<string, unknown>>): { readonly text: string; readonly isWhole: boolean } {
  const whole = JSON.stringify(options);
  const visible = JSON.stringify(withoutSecrets(options));
  if (visible.length <= LONGEST_ARGUMENT) return { text: visible, isWhole: visible === whole };
  const { title, framework, baseDir, clusterPort } = options;
  return { text: JSON.stringify({ title, framework, baseDir, clusterPort }), isWhole: false };
}

/**
 * For worker files that are not ours and read their argument themselves: put there by the preload, inside the process, where `ps` does not
 * look. Undefined when it does not fit a variable either.
 */
export function wholeArgument(options: Readonly<Record<string, unknown>>): string | undefined {
  const whole = JSON.stringify(options);
  return whole.length <= LONGEST_ARGUMENT ? whole : undefined;
}
