// Written by options.build.ts: what a running process needs of the options schema, without zod.

/** True when the options are valid; only then. */
export function validate(options: unknown): boolean;

export interface OptionFacts {
  readonly name: string;
  /** JSON Schema's word; undefined for a union. */
  readonly type?: string;
  readonly flag?: string;
  readonly description: string;
  readonly repeatable?: boolean;
  readonly variables?: readonly string[];
  readonly deprecated?: boolean;
  readonly isCommandOnly?: boolean;
}

export const OPTIONS: readonly OptionFacts[];
