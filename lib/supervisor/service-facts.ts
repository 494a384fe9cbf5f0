// Facts of a service's process: what supervision tells, as the events that everybody who looks at instances understands.

import type { Emit } from '../protocol/events.js';
import type { GroupEvent } from '../supervision/group-needs.js';
import type { Clock } from '../system/clock.js';
import { OomKills } from '../system/oom-kills.js';
import type { Service } from './service.js';
import type { ServiceProcess } from './service-process.js';

export function tellOf(clock: Clock, emit: Emit): (service: Service, event: GroupEvent) => void {
  const oomKills = new OomKills();
  oomKills.look();
  return ({ name }, event) => {
    if (event.type === 'backing-off' || event.type === 'slot-left-empty' || event.type === 'slot-gave-up') emit({ ...event, role: 'app', service: name });
    if (!('child' in event)) return;
    const { id, slot, generation, exit = { code: null, signal: null }, failed, wasKilled, failedBy, readyAt } = event.child;
    const life = event.child.process as ServiceProcess;
    const facts = { service: name, role: 'app' as const, id, slot, generation, pid: life.pid };
    if (event.type === 'child-forked')
      emit({ type: 'child-forked', ...facts, clusterPort: undefined, debugPort: undefined, pids: [String(id)], isThread: false });
    if (event.type === 'child-moved') emit({ type: 'child-moved', ...facts, from: event.from, to: event.to, cause: event.cause });
    if (event.type !== 'child-left') return;
    const livedMs = Math.round(clock.now() - life.startedAtMs);
    const kill = exit.signal === 'SIGKILL' && !wasKilled ? oomKills.explain() : {};
    const left = { state: 'dead', isBoot: false, byDebugger: false, pids: [], wasAsked: !failed };
    emit({ type: 'child-left', ...facts, ...left, ...kill, exit, failed, failedBy, wasKilled, wasReady: readyAt !== undefined, livedMs });
  };
}
