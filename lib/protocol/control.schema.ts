// Arguments of the verbs, as zod schemas: the one source of their types, validation and OpenAPI description. Heavy, so the build
// generates what a running process needs from it (control.generated.js).

import { z } from 'zod';

const workers = z
  .int({ error: 'should be a whole number from 1 to 1024' })
  .min(1)
  .max(1_024)
  .meta({ description: 'How many app workers there should be', says: 'should be a whole number from 1 to 1024' });
const worker = z
  .string({ error: 'should be an id, a pid, or agent' })
  .regex(/^(?:#?\d{1,10}|agent)$/, { error: 'should be an id, a pid, or agent' })
  .meta({ description: 'A worker: its id as log lines show it (3 of app_worker#3), its pid, or agent', says: 'should be an id (3 or #3), a pid, or agent' });
const count = (description: string) => z.int().min(0).max(100_000).describe(description);
const flag = (description: string) => z.boolean().describe(description);
const service = z
  .string()
  .regex(/^[\w.@+-]{1,128}$/)
  .meta({ description: 'Its name within the supervisor', says: 'should be the name of a service' });
const idempotent = flag('No error when it is so already').optional();
const duration = z.string().regex(/^\d{1,9}(?:\.\d+)?(?:ms|s|m|h)$/);

export const argumentSchemas = {
  status: z.strictObject({}),
  heartbeat: z.strictObject({}),
  ports: z.strictObject({}),
  why: z.strictObject({ last: count('How many entries at most. Default: 200').optional() }),
  events: z.strictObject({
    follow: flag('Stay, and tell what happens').optional(),
    service: service.optional(),
    last: count('How many past events first. Default: 0 when following, else all that are kept').optional(),
    after: count('Only events after this number').optional(),
  }),
  logs: z.strictObject({
    follow: flag('Stay, and tell what is written').optional(),
    lines: z
      .int()
      .min(0)
      .max(1_000)
      .meta({ description: 'How many lines of the past. Default: 100', says: 'should be a whole number from 0 to 1000' })
      .optional(),
    worker: z
      .string()
      .regex(/^(?:#?\d{1,10}|agent|master)$/)
      .meta({ description: 'Only this worker: its id, its pid, agent, or master', says: 'should be an id (3 or #3), a pid, agent or master' })
      .optional(),
    since: duration.meta({ description: 'Only what was written in this time: 10m', says: 'should be a number with a unit: ms, s, m or h (10m)' }).optional(),
    service: service.optional(),
    grep: z.string().regex(/./).describe('Only records that contain this text').optional(),
  }),
  reload: z.strictObject({}),
  restart: z.strictObject({}),
  scale: z.strictObject({ workers }),
  upgrade: z.strictObject({
    node: z
      .string()
      .regex(/^\//, { error: 'should be an absolute path' })
      .meta({ description: 'Which node runs it. Default: the same', says: 'should be an absolute path' })
      .optional(),
  }),
  stop: z.strictObject({ force: flag('Kill at once instead of draining').optional() }),
  kill: z.strictObject({
    worker,
    signal: z
      .string()
      .regex(/^SIG(?:KILL|TERM|INT|QUIT|HUP|USR1|USR2|STOP|CONT|ABRT)$/, { error: 'should be a signal, as SIGKILL' })
      .meta({ description: 'Default: SIGKILL', says: 'should be SIGKILL, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGSTOP, SIGCONT or SIGABRT' })
      .optional(),
  }),
  flushLogs: z.strictObject({}),
  reopenLogs: z.strictObject({}),
  services: z.strictObject({}),
  plan: z.strictObject({}),
  up: z.strictObject({ names: z.array(service).describe('Only these, and what they depend on; wanted up from now on').optional() }),
  startService: z.strictObject({ service, idempotent }),
  stopService: z.strictObject({ service, idempotent, force: flag('Kill at once').optional() }),
  restartService: z.strictObject({ service }),
  attach: z.strictObject({ service }),
  killPort: z.strictObject({
    port: z.int().min(1).max(65_535).describe('The TCP port'),
    force: flag('Also a process that is not proven ours').optional(),
  }),
} as const;

export type Arguments = { readonly [V in keyof typeof argumentSchemas]: z.input<(typeof argumentSchemas)[V]> };
