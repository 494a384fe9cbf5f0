// The control API as an OpenAPI 3.1 document, made from the table of verbs.

import { ARGUMENTS, RESULTS } from '../protocol/control.generated.js';
import { VERB_NAMES, VERBS, type VerbName } from '../protocol/control.js';

const ERROR = {
  description: 'What went wrong',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          error: {
            type: 'object',
            properties: { code: { type: 'string' }, message: { type: 'string' }, details: { type: 'object' }, exitCode: { type: 'integer' } },
            required: ['code', 'message'],
          },
        },
      },
    },
  },
};

const PROBES = {
  '/healthz': { get: { summary: 'The master lives', security: [], responses: { 200: { description: 'ok' } } } },
  '/readyz': { get: { summary: 'Requests are served', security: [], responses: { 200: { description: 'ready' }, 503: { description: 'not ready' } } } },
  '/metrics': {
    get: { summary: 'Prometheus metrics: master, workers, and the application’s own prom-client registry', responses: { 200: { description: 'text' } } },
  },
};

export function openApi(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = { ...PROBES };
  for (const verb of VERB_NAMES) {
    const { method, path } = VERBS[verb];
    const key = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[key] = { ...paths[key], [method.toLowerCase()]: operation(verb) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'app-cluster control API', version, license: { name: 'MIT', identifier: 'MIT' } },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }],
    paths,
  };
}

function operation(verb: VerbName): Record<string, unknown> {
  const { method, path, access, summary } = VERBS[verb];
  const { properties, required = [] } = ARGUMENTS[verb];
  const inPath = (name: string) => path.includes(`:${name}`);
  const names = Object.keys(properties);
  const parameter = (name: string) => ({
    name,
    in: inPath(name) ? 'path' : 'query',
    required: inPath(name) || required.includes(name),
    schema: properties[name],
  });
  const parameters = names.filter(name => method === 'GET' || inPath(name)).map(parameter);
  const inBody = names.filter(name => method === 'POST' && !inPath(name));
  const bodySchema = {
    type: 'object',
    properties: Object.fromEntries(inBody.map(name => [name, properties[name]])),
    required: required.filter(name => inBody.includes(name)),
  };
  const type = 'isStream' in VERBS[verb] ? 'text/event-stream' : 'application/json';
  return {
    operationId: verb,
    summary,
    'x-access': access,
    parameters,
    ...(inBody.length > 0 ? { requestBody: { content: { 'application/json': { schema: bodySchema } } } } : {}),
    responses: { 200: { description: summary, content: { [type]: { schema: RESULTS[verb] } } }, default: ERROR },
  };
}
