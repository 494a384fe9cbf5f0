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

  /** Who descends from it without its mark is known only while it lives; afterwards its pid may be another's. @returns who is alive */
  async look({ pid, identity, mark }: ServiceLife): Promise<readonly number[]> {
    for (;;) {
      const seen = await surveyProcesses();
      const family = familyIn(seen, mark, identity !== undefined && stillIs(identity) ? pid : 0);
      for (const one of family) this.#known.set(nameOf(one), one);
      const { alive } = this;
      if (alive.length > 0 || family.length === 0) return alive;
    } // Who has gone since it was seen may have left a child.
  }
}
