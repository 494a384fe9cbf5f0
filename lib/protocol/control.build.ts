// Build step: the verbs' zod schemas → JSON Schema and a standalone validator (no zod, no ajv at run time).

import { writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { argumentSchemas } from './control.schema.js';
import { resultSchemas } from './results.schema.js';

const jsonSchemas = (all: Readonly<Record<string, z.ZodType>>) =>
  Object.fromEntries(
    Object.entries(all).map(([verb, schema]) => {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
      return [verb, rest];
    }),
  );
const schemas = jsonSchemas(argumentSchemas);
const { default: standalone } = (await import('ajv/dist/standalone/index.js')) as unknown as {
  default: { default: (ajv: Ajv, exports: Readonly<Record<string, string>>) => string };
};
const ajv = new Ajv({ code: { source: true, esm: true }, strict: false, allErrors: true, messages: true });
for (const [verb, schema] of Object.entries(schemas)) ajv.addSchema(schema, verb);
const code = standalone.default(ajv, Object.fromEntries(Object.keys(schemas).map(verb => [`check_${verb}`, verb])));
if (/require\(/.test(code)) throw new Error('the standalone validator needs modules at run time: simplify the schema');
const generated = `// Generated from control.schema.ts.
${code}
const CHECKS = { ${Object.keys(schemas)
  .map(verb => `${verb}: check_${verb}`)
  .join(', ')} };
export const ARGUMENTS = ${JSON.stringify(schemas, null, 2)};
export const RESULTS = ${JSON.stringify(jsonSchemas(resultSchemas))};
export function argumentIssues(verb, args) {
  const check = CHECKS[verb];
  if (check(args)) return [];
  return check.errors.map(({ instancePath, message, params }) => {
    const says = ARGUMENTS[verb].properties[instancePath.slice(1)]?.says;
    if (says !== undefined) return instancePath.slice(1) + ': ' + says + ', got ' + JSON.stringify(args[instancePath.slice(1)]);
    const extra = params.additionalProperty === undefined ? '' : ' ' + JSON.stringify(params.additionalProperty);
    return (instancePath.slice(1) || 'arguments') + ': ' + message + extra;
  });
}
`;
writeFileSync(new URL('./control.generated.js', import.meta.url), generated);
