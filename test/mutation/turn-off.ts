import { vi } from 'vitest';

/** `<function of policy.ts>:<permission>`, or `<function>` alone. */
const [wanted = '', permission] = (process.env['ACCESS_MUTATION'] ?? '').split(':');

type Policy = typeof import('../../apps/api/src/platform/access/policy.js');
type Answers = Record<string, unknown>;

/** What a check answers that refuses nobody. */
const OPEN: Answers = {
  holdsSomewhere: true,
  holdsEverywhere: true,
  coversLabels: true,
  coversScope: true,
  holdsGrant: true,
  reachOf: { own: { all: true, labels: [], clients: [] } },
};

vi.mock('../../apps/api/src/platform/access/policy.js', async (original) => {
  const policy = await original<Policy>();
  const check = (policy as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>)[wanted];
  if (check === undefined || !(wanted in OPEN)) throw new Error(`ACCESS_MUTATION: policy.ts has no check ${wanted}`);
  const off = (...args: unknown[]): unknown =>
    permission === undefined || args[1] === permission ? OPEN[wanted] : check(...args);
  const asked = (...args: Parameters<Policy['requireSomewhere']>): void => {
    if (wanted !== 'holdsSomewhere' || args[1] !== permission) policy.requireSomewhere(...args);
  };
  return { ...policy, requireSomewhere: asked, [wanted]: off };
});
