// Build step, never shipped in a running process: zod schema → JSON Schema (published) → standalone validator (no zod, no ajv).

import { writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { optionsSchema } from './options.schema.js';

const schema = z.toJSONSchema(optionsSchema, { io: 'input', unrepresentable: 'any' });
writeFileSync(new URL('../../options.schema.json', import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);

const { default: standalone } = (await import('ajv/dist/standalone/index.js')) as unknown as {
  default: { default: (ajv: Ajv, exports: Readonly<Record<string, string>>) => string };
};
const { properties } = schema as unknown as { properties: Record<string, Record<string, unknown>> };
const ajv = new Ajv({ code: { source: true, esm: true }, strict: false, allErrors: false, messages: false });
// One function an option: a start compiles only those that were given.
for (const [name, property] of Object.entries(properties)) ajv.addSchema(withoutProse(property) as object, name);
const names = Object.keys(properties);
const code = standalone.default(ajv, Object.fromEntries(names.map(name => [`check_${name}`, name])));
if (/require\(/.test(code)) throw new Error('the standalone validator needs modules at run time: simplify the schema');
const table = Object.entries(properties).map(([name, property]) => {
  const { flag, description, repeatable, variables, deprecated, isCommandOnly } = property;
  return { name, type: property['type'], flag, description, repeatable, variables, deprecated, isCommandOnly };
});
const generated = `// Generated from options.schema.ts.
${code}
const CHECKS = { ${names.map(name => `${name}: check_${name}`).join(', ')} };
export function validate(options) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false;
  return Object.keys(options).every(key => options[key] === undefined || !Object.hasOwn(CHECKS, key) || CHECKS[key](options[key]));
}
export const OPTIONS = ${JSON.stringify(table, null, 2)};
`;
writeFileSync(new URL('./options.generated.js', import.meta.url), generated);

/** Descriptions and flags are not checked by anybody: left out of the validator. */
function withoutProse(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutProse);
  if (typeof schema !== 'object' || schema === null) return schema;
  const prose = ['description', 'flag', 'repeatable', 'variables', 'deprecated', 'isCommandOnly', 'title'];
  const isOption = 'type' in schema || 'anyOf' in schema || 'description' in schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !isOption || !prose.includes(key))
      .map(([key, value]) => [key, withoutProse(value)]),
  );
}
