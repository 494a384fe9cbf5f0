// What control.build.ts generates from control.schema.ts.

import type { VerbName } from './control.js';

/** What is wrong with the arguments, one sentence each; empty when all is well. */
export function argumentIssues(verb: VerbName, args: unknown): readonly string[];
/** JSON Schema of each verb's answer; of a stream: of one item. */
export const RESULTS: Readonly<Record<VerbName, object>>;
/** JSON Schema of each verb's arguments. */
export const ARGUMENTS: Readonly<
  Record<
    VerbName,
    {
      readonly properties: Readonly<Record<string, { readonly type?: string; readonly description?: string; readonly says?: string }>>;
      readonly required?: readonly string[];
    }
  >
>;
