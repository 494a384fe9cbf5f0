import { SAME_ACT_MS } from '../../lib/instance/signals.js';
import { pause, systemClock } from '../../lib/system/clock.js';

/** Two signals that come closer together are one act: this pace is the act itself, and nothing is waited for. */
export const nextAct = (): Promise<void> => pause(systemClock, SAME_ACT_MS + 10);
