// The spares of one cluster: what they are forked from, what their messages and their output are, what they leave behind.

import { ParkedChild } from './parked-child.js';
import { Spares } from './spares.js';
import type { Workforce, WorkforceNeeds } from './workforce.js';

export function sparesOf(workforce: Workforce, { clock, random, emit, settings, recording }: WorkforceNeeds): Spares {
  const { hangMs } = settings.upkeep;
  return new Spares({
    clock,
    random,
    emit,
    group: () => workforce.apps.group,
    count: () => workforce.settings.upkeep.spares,
    patienceMs: { ...settings.timeouts.app, silence: hangMs, hang: 0 },
    fork: (place, hooks) => {
      const { forking, options, settings: own } = workforce.versions.of('app', place.generation);
      const forked = forking.forkSpare(place);
      recording?.record(`spare#${place.n}:${forked.pid}`, forked.output);
      const onMessage = (message: unknown) => workforce.messenger.receive(message, 'app');
      return new ParkedChild(forked, { ...hooks, options, awaitsSignal: own.readyOn === 'signal', onMessage });
    },
    onLeft: parked => workforce.families.onLeft({ family: parked.family, forked: parked }, clock),
  });
}
