// What a command is: its words for help and completion, and what it does.

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** As commander has them: `[name]`, `<workers>`. */
  readonly args?: readonly (readonly [name: string, description: string])[];
  readonly options?: readonly (readonly [flag: string, description: string])[];
  /** Its arguments are names of running instances. */
  readonly takesName?: boolean;
  /** Returns the exit code. Errors are thrown. */
  readonly run: (args: readonly (string | undefined)[], options: CommandOptions) => Promise<number>;
}

export type CommandOptions = Readonly<Record<string, string | boolean | undefined>>;

export const NAME = ['[name]', 'name or pid of an instance; not needed when there is only one'] as const;
export const NAME_OR_SERVICE = ['[name]', 'name or pid of an instance, or SUPERVISOR/SERVICE; not needed when there is only one'] as const;
export const IDEMPOTENT = ['--idempotent', 'Of a service: no error when it is so already'] as const;
export const JSON_OPTION = ['--json', 'For programs: JSON, streams as one object a line'] as const;
