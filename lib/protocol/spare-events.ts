// What is told of spares: workers that are booted and have no place yet.

import type { Exit, LastWords } from './events.js';

export type SpareEvent =
  /** It has got as far as it can without a place. */
  | { readonly type: 'spare-booted'; readonly pid: number; readonly generation: number; readonly tookMs: number }
  /** It is an app worker from now on; `child-forked` follows. */
  | {
      readonly type: 'spare-taken';
      readonly pid: number;
      readonly id: number;
      readonly slot: number;
      readonly generation: number;
      /** Since it was forked. */
      readonly waitedMs: number;
    }
  | {
      readonly type: 'spare-left';
      readonly pid: number;
      readonly generation: number;
      readonly exit: Exit;
      readonly failed: boolean;
      readonly wasBooted: boolean;
      /** Of one that failed. */
      readonly lastWords?: LastWords | undefined;
    }
  /** There are none until the next reload. */
  | { readonly type: 'spares-gave-up'; readonly failures: number };
