// What is wrong with options: checked by the generated validator, explained by zod, which is heavy and loaded only for that.

import { validate } from '../protocol/options.generated.js';
import type { OptionIssue } from '../protocol/options.schema.js';
import { OPTIONS_SCHEMA_FILE } from './entries.js';
import { requirePackage as requireFile } from './require-package.js';

/** Empty when all is well. */
export function optionIssues(options: Readonly<Record<string, unknown>>): readonly OptionIssue[] {
  if (validate(options)) return [];
  return requireFile<typeof import('../protocol/options.schema.js')>(OPTIONS_SCHEMA_FILE).explainOptions(options);
}
