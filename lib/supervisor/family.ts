// Everything that one process of a service has started, as far as it was seen: known for ever by pid and start.

import { stillIs } from '../system/process-identity.js';
import { familyIn, surveyProcesses } from '../system/process-survey.js';
import { type ProcessIdentity, stillAlive } from '../system/process-tree.js';
import type { ServiceLife } from '../system/service-life.js';

const nameOf = ({ pid, startTicks }: ProcessIdentity) => `${pid} ${startTicks}`;

export class Family {
  readonly #known = new Map<string, ProcessIdentity>();

  get alive(): readonly number[] {
    return stillAlive([...this.#known.values()]);
  }

  /** Who descends from it without its mark is known only while it lives; afterwards its pid may be another's. */
  async look({ pid, identity, mark }: ServiceLife): Promise<readonly number[]> {
    const seen = await surveyProcesses();
    const root = identity !== undefined && stillIs(identity) ? pid : 0;
    for (const one of familyIn(seen, mark, root)) this.#known.set(nameOf(one), one);
    return this.alive;
  }
}
