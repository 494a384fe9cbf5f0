// Build step, never shipped in a running process: zod schema → JSON Schema (published) → standalone validator (no zod, no ajv).

import { writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { optionsSchema } from './options.schema.js';

const schema = z.toJSONSchema(optionsSchema, { io: 'input', unrepresentable: 'any' });
writeFileSync(new URL('../../options.schema.json', import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);

const { default: standalone } = (await import('ajv/dist/standalone/index.js')) as unknown as { default: { default: (ajv: Ajv, validate: unknown) => string } };
const { $schema, ...bare } = schema as Record<string, unknown>;
const ajv = new Ajv({ code: { source: true, esm: true }, strict: false, allErrors: false, messages: false });
const code = standalone.default(ajv, ajv.compile(withoutProse(bare) as object));
if (/require\(/.test(code)) throw new Error('the standalone validator needs modules at run time: simplify the schema');
const table = Object.entries((schema as { properties: Record<string, Record<string, unknown>> }).properties).map(([name, property]) => {
  const { flag, description, repeatable, variables, deprecated } = property;
  return { name, type: property['type'], flag, description, repeatable, variables, deprecated };
});
writeFileSync(
  new URL('./options.generated.js', import.meta.url),
  `// Generated from options.schema.ts.\n${code}\nexport const OPTIONS = ${JSON.stringify(table, null, 2)};\n`,
);

/** Descriptions and flags are not checked by anybody: left out of the validator. */
function withoutProse(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutProse);
  if (typeof schema !== 'object' || schema === null) return schema;
  const prose = ['description', 'flag', 'repeatable', 'variables', 'deprecated', 'title'];
  const isOption = 'type' in schema || 'anyOf' in schema || 'description' in schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !isOption || !prose.includes(key))
      .map(([key, value]) => [key, withoutProse(value)]),
  );
}
