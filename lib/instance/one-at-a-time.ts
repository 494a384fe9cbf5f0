// Of many calls one is under way and one more waits: whoever comes then is served by the one that waits.

/** @param act its failure is its own business */
export function oneAtATime(act: () => Promise<void>): () => void {
  let isUnderWay = false;
  let isWanted = false;
  const run = async () => {
    isUnderWay = true;
    while (isWanted) {
      isWanted = false;
      await act().catch(() => {});
    }
    isUnderWay = false;
  };
  return () => {
    isWanted = true;
    if (!isUnderWay) void run();
  };
}
