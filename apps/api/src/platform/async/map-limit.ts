/**
 * Runs `work` over all items, at most `limit` at a time, and answers the results in the items' order. The first
 * failure rejects; what is under way by then is waited for, so that nothing goes on behind the caller's back.
 */
export const mapLimit = async <T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results = new Map<number, R>();
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < items.length && !failed; i = next++) {
      try {
        results.set(i, await work(items[i] as T));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane));
  const broken = lanes.find((l) => l.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return items.map((_, i) => results.get(i) as R);
};
