// What every service of one supervisor shares.

import type { Recording } from '../instance/recording.js';
import type { Emit } from '../protocol/events.js';
import type { GroupEvent } from '../supervision/group-needs.js';
import type { Clock } from '../system/clock.js';
import type { Service } from './service.js';
import type { StateBook } from './state-book.js';

export interface ServiceNeeds {
  /** Its name. */
  readonly supervisor: string;
  /** Begins the mark of everything it starts. */
  readonly mark: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
  readonly state: StateBook;
  /** Undefined: nothing is recorded. */
  readonly recording: Recording | undefined;
  /** 1, 2, 3 … over all services: tells one start from another. */
  readonly nextSerial: () => number;
  /** Facts of its process, as supervision has them. */
  readonly tell: (service: Service, event: GroupEvent) => void;
}
