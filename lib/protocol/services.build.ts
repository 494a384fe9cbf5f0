// Build step: the services file's zod schema → JSON Schema (published) → standalone validator (no zod, no ajv at run time).

import { writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { servicesSchema } from './services.schema.js';

const schema = z.toJSONSchema(servicesSchema, { io: 'input' });
writeFileSync(new URL('../../services.schema.json', import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);

const { default: standalone } = (await import('ajv/dist/standalone/index.js')) as unknown as {
  default: { default: (ajv: Ajv, exports: Readonly<Record<string, string>>) => string };
};
const { $schema: _, ...bare } = schema;
const ajv = new Ajv({ code: { source: true, esm: true }, strict: false, allErrors: false, messages: false });
ajv.addSchema(bare, 'services');
const code = standalone.default(ajv, { isServicesFile: 'services' });
if (/require\(/.test(code)) throw new Error('the standalone validator needs modules at run time: simplify the schema');
writeFileSync(new URL('./services.generated.js', import.meta.url), `// Generated from services.schema.ts.\n${code}\n`);
