// Does something with many services, each after others, as much at once as may be.

import { Turns } from './turns.js';

export interface Ordered {
  readonly names: readonly string[];
  /** What has to be over before this one's turn. @param done settles when that one's act has, whatever came of it; not for names that are not meant */
  readonly before: (name: string, done: (other: string) => Promise<void> | undefined) => readonly (Promise<unknown> | undefined)[];
  /** Its failure is its own business. */
  readonly act: (name: string) => Promise<unknown>;
  readonly atOnce: number;
  /** When its turn is over, where that is before its act is: what only waits keeps nobody from working. Default: with the act. */
  readonly turn?: (name: string, act: Promise<unknown>) => Promise<unknown>;
}

/** Every name once. There must be no circle. */
export async function inOrder({ names, before, act, atOnce, turn = (_, whole) => whole }: Ordered): Promise<void> {
  const turns = new Turns(Math.max(1, atOnce));
  const running = new Map<string, Promise<void>>();
  const wanted = new Set(names);
  const inTurn = async (name: string): Promise<unknown> => {
    let whole: Promise<unknown> = Promise.resolve();
    await turns.run(async () => {
      whole = act(name);
      await turn(name, whole).catch(() => {});
    });
    return whole;
  };
  const run = (name: string): Promise<void> => {
    const known = running.get(name);
    if (known !== undefined) return known;
    const ready = Promise.all(before(name, other => (wanted.has(other) ? run(other) : undefined)));
    const promise = ready
      .then(() => inTurn(name))
      .then(
        () => {},
        () => {},
      );
    running.set(name, promise);
    return promise;
  };
  await Promise.all(names.map(run));
}
