// What is told of service registries: events and state. `registry` is a URL without credentials.

interface RegisterFacts {
  readonly service: string;
  readonly registry: string;
  readonly instanceId: string;
}

interface FailureFacts extends RegisterFacts {
  readonly message: string;
}

interface BeatFailureFacts extends FailureFacts {
  /** In a row, this one included. */
  readonly failures: number;
  /** Until the next try. */
  readonly waitMs: number;
}

export type RegisterEvent =
  /** Also again, after the registry had forgotten it. */
  | ({ readonly type: 'service-registered' } & RegisterFacts)
  | ({ readonly type: 'service-registration-failed' } & BeatFailureFacts)
  | ({ readonly type: 'service-renewal-failed' } & BeatFailureFacts)
  | ({ readonly type: 'service-deregistered' } & RegisterFacts)
  /** It is not tried again: the registry forgets it by itself, when nobody renews it. */
  | ({ readonly type: 'service-deregistration-failed' } & FailureFacts);

export interface RegistrationStatus {
  readonly service?: string | undefined;
  readonly app: string;
  readonly instanceId: string;
  /** `off`: not healthy, or stopped; `registering`: for the first time, or again after it was forgotten. */
  readonly state: 'registered' | 'registering' | 'failing' | 'off';
  /** Registered or renewed last, in milliseconds since 1970; undefined: never yet, or not any more. */
  readonly lastBeatAt?: number | undefined;
  readonly lastBeatAgoMs?: number | undefined;
  /** In a row. */
  readonly failures: number;
  readonly lastError?: string | undefined;
}
