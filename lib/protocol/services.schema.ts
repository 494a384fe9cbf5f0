// The one source of what a services file may say: types, validation and the published JSON Schema come from this zod schema. Heavy, so the
// build generates a validator from it (services.generated.js), and this file is loaded only to explain what is wrong.

import { z } from 'zod';
import { SERVICE_NAME, SERVICE_NAME_RULE } from './service-spec.js';

const WITH_UNIT = { error: 'should be a number with a unit: ms, s, m or h (30s)' };
const FAILURES = { error: 'should be a whole number from 1 to 1000' };
const PORT_RANGE = { error: 'should be a port from 1 to 65535' };
const text = (description: string) =>
  z
    .string({ error: 'should be a text' })
    .regex(/^[^\0]+$/, { error: 'should not be empty' })
    .meta({ description });
const texts = (description: string) => z.array(z.string({ error: 'should be a text' }), { error: 'should be a list of texts' }).meta({ description });
const duration = (description: string) =>
  z
    .string(WITH_UNIT)
    .regex(/^\d{1,9}(?:\.\d+)?(?:ms|s|m|h)$/, WITH_UNIT)
    .meta({ description });
const count = (description: string) => {
  const error = { error: 'should be a whole number from 0 to 999999' };
  return z.int(error).min(0, error).max(999_999, error).meta({ description });
};
const port = (description: string) => z.int(PORT_RANGE).min(1, PORT_RANGE).max(65_535, PORT_RANGE).meta({ description });
const command = (description: string) =>
  z.array(text('A word'), { error: 'should be a list of texts' }).min(1, { error: 'should name a program' }).meta({ description });

const serviceName = z.string().regex(SERVICE_NAME, { error: SERVICE_NAME_RULE });

const portRange = z.strictObject({ from: port('The first to try'), to: port('The last to try. Default: 65535').optional() });
const portWish = z
  .union([port('This one, and no other'), z.literal('auto'), portRange], { error: 'should be a port from 1 to 65535, auto, or {from: 8642, to: 8700}' })
  .meta({ description: 'What it listens on; auto is {from: 8642}: the first that is free' });

const pace = {
  interval: duration('From the end of one check to the next. Default: 5s').optional(),
  timeout: duration('One check may take so long. Default: 3s').optional(),
  startTimeout: duration('So long until it is healthy for the first time. Default: 15s').optional(),
  failures: z.int(FAILURES).min(1, FAILURES).max(1_000, FAILURES).meta({ description: 'So many in a row, and it is started again. Default: 3' }).optional(),
};
const health = z
  .union(
    [
      z.literal('none'),
      z.strictObject({ ...pace, http: text('A path on its port, or a URL: 2xx and 3xx are healthy') }),
      z.strictObject({ ...pace, tcp: z.literal(true, { error: 'should be true' }) }),
      z.strictObject({ ...pace, exec: command('A program: exit code 0 is healthy') }),
      z.strictObject(pace),
    ],
    { error: 'should be none, or an object with one of http, tcp, exec (and interval, timeout, startTimeout, failures)' },
  )
  .meta({ description: 'When it is healthy. Default: {tcp: true} where it has a port, else none' });

const delays = z.strictObject({
  first: duration('Before the first restart, doubled each time. Default: 100ms').optional(),
  longest: duration('At most. Default: 30s').optional(),
});
const restart = z.strictObject({
  policy: z
    .enum(['always', 'on-failure', 'never'], { error: 'should be always, on-failure or never' })
    .meta({ description: 'Default: on-failure: not after exit code 0' })
    .optional(),
  maxFailures: count('Given up after so many restarts in a row; 10 s of life count as a success. Default: 10').optional(),
  delays: delays.optional(),
});
const stop = z.strictObject({
  command: command('Run before the signal, at most 15 s').optional(),
  signal: z
    .string()
    .regex(/^SIG(?:TERM|INT|QUIT|HUP|USR1|USR2)$/, { error: 'should be SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 or SIGUSR2' })
    .meta({ description: 'Default: SIGTERM' })
    .optional(),
  timeout: duration('From the signal to SIGKILL. Default: 10s').optional(),
});
const register = z.strictObject({
  eureka: text('URL of the registry: http://127.0.0.1:8761/eureka'),
  app: text('The name there'),
  instanceId: text('Default: HOST:APP:PORT').optional(),
});

const service = z.strictObject({
  exec: text('What to run: a path, or a command on the PATH; a JavaScript file runs under this node').optional(),
  args: texts('Its arguments').optional(),
  cluster: z.looseObject({}, { error: 'should be an object of options of start' }).meta({ description: 'Instead of exec: any option of `start`' }).optional(),
  port: portWish.optional(),
  host: text('The address it listens on. Default: 127.0.0.1').optional(),
  health: health.optional(),
  dependsOn: z
    .record(serviceName, z.enum(['ready', 'started'], { error: 'should be ready or started' }))
    .meta({ description: 'Started only after these' })
    .optional(),
  cwd: text("Default: the file's folder").optional(),
  env: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: 'should be a text' }))
    .meta({ description: 'Environment variables' })
    .optional(),
  envFile: z
    .union([z.string(), z.array(z.string({ error: 'should be a text' }))], { error: 'should be a file, or a list of files' })
    .meta({ description: 'Files of KEY=VALUE lines' })
    .optional(),
  restart: restart.optional(),
  stop: stop.optional(),
  desired: z
    .enum(['up', 'down'], { error: 'should be up or down' })
    .meta({ description: 'Whether it is to run until somebody says otherwise. Default: up' })
    .optional(),
  logs: z.boolean({ error: 'should be true or false' }).meta({ description: 'Record what it writes. Default: true' }).optional(),
  pidFile: text('Where it writes its own pid, if it does: {"pid": 1}, or a number').optional(),
  user: text('Run it as this user, or USER:GROUP; needs root').optional(),
  register: register.optional(),
});

const manifests = z.strictObject({ manifests: text('Every manifest.json below this folder is a service') });
const profiles = z.strictObject({
  profiles: text('A folder with a default profile, and others below profiles/'),
  exec: text('What each runs'),
  args: texts('Its arguments').optional(),
  homeVariable: text("The environment variable that holds a profile's folder. Default: HOME").optional(),
  configFile: text("A profile's configuration. Default: config.yaml").optional(),
  portKey: text('Where the port is in it. Default: port').optional(),
  hostKey: text('Where the host is in it. Default: host').optional(),
  staleKeys: texts('Keys that are removed when the port is written').optional(),
  pidFile: text('Default: gateway.pid').optional(),
  lockFile: text('Removed with a stale pid file').optional(),
  apiKeyVariable: text("The variable of a profile's .env that holds its key. Default: API_KEY").optional(),
  basePort: port('The first to try. Default: 8642').optional(),
  containerHost: text('The host of a profile whose configuration names none, in a container').optional(),
  listCommand: command('Lists the profiles').optional(),
  stopCommand: command('Stops a profile').optional(),
  active: text('Default: default').optional(),
});

export const servicesSchema = z
  .strictObject({
    services: z.record(serviceName, service).meta({ description: 'By name' }).optional(),
    sources: z
      .array(z.union([manifests, profiles], { error: 'should have a key manifests, or a key profiles (and exec)' }), { error: 'should be a list' })
      .meta({ description: 'More services, from elsewhere' })
      .optional(),
    stopTimeout: duration('Budget of a whole down. Default: 30s').optional(),
  })
  .meta({ title: 'app-cluster.services', description: 'Services of one supervisor' });

export type ServicesFile = z.input<typeof servicesSchema>;
export type ServiceEntry = z.input<typeof service>;
export type ProfilesSource = z.input<typeof profiles>;
export type HealthEntry = z.input<typeof health>;

export interface SchemaIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** It is the key itself that is wrong, not what stands there. */
  readonly isKey?: true;
  /** A key that is not known, and which are. */
  readonly unknown?: { readonly key: string; readonly known: readonly string[] };
}

/** What is wrong, in the words of the schema; empty when nothing is. */
export function explainServices(value: unknown): readonly SchemaIssue[] {
  const checked = servicesSchema.safeParse(value);
  return checked.success ? [] : checked.error.issues.flatMap(issue => explain(issue, []));
}

type Raw = z.core.$ZodIssue;

function explain(issue: Raw, above: readonly PropertyKey[]): SchemaIssue[] {
  const path = [...above, ...issue.path].filter(key => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({
      path: [...path, key],
      message: `unknown key ${JSON.stringify(key)}`,
      isKey: true,
      unknown: { key, known: knownAt(path) },
    }));
  if (issue.code === 'invalid_key') return [{ path, message: `the name ${issue.issues[0]?.message ?? issue.message}`, isKey: true }];
  if (issue.code === 'invalid_union') return explainUnion(issue, path);
  return [{ path, message: (issue.code === 'invalid_type' ? SHAPES[issue.expected] : undefined) ?? issue.message }];
}

/** Of what has no words of its own. */
const SHAPES: Readonly<Record<string, string>> = { object: 'should be an object', record: 'should be an object' };

/** The one that nearly fits says what is wrong with it: the first of those with the fewest complaints, if it complains of what is inside. */
function explainUnion({ errors, message }: Extract<Raw, { code: 'invalid_union' }>, path: readonly (string | number)[]): SchemaIssue[] {
  const inner = errors.filter(issues => issues.every(issue => issue.path.length > 0 || issue.code === 'unrecognized_keys'));
  const weight = (issues: readonly Raw[]) => issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);
  const [nearest] = inner.toSorted((a, b) => weight(a) - weight(b));
  return nearest === undefined ? [{ path, message }] : nearest.flatMap(issue => explain(issue, path));
}

const SERVICE_KEYS = Object.keys(service.shape);
const KNOWN: readonly { readonly at: RegExp; readonly keys: readonly string[] }[] = [
  { at: /^$/, keys: ['services', 'sources', 'stopTimeout'] },
  { at: /^services\/[^/]+$/, keys: SERVICE_KEYS },
  { at: /\/port$/, keys: Object.keys(portRange.shape) },
  { at: /\/health$/, keys: ['http', 'tcp', 'exec', ...Object.keys(pace)] },
  { at: /\/restart$/, keys: Object.keys(restart.shape) },
  { at: /\/delays$/, keys: Object.keys(delays.shape) },
  { at: /\/stop$/, keys: Object.keys(stop.shape) },
  { at: /\/register$/, keys: Object.keys(register.shape) },
  { at: /^sources\/\d+$/, keys: [...Object.keys(manifests.shape), ...Object.keys(profiles.shape)] },
];

function knownAt(path: readonly (string | number)[]): readonly string[] {
  return KNOWN.find(({ at }) => at.test(path.join('/')))?.keys ?? [];
}
