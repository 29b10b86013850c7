import { defineConfig } from 'vitest/config';

/** Heavy checks of what faults leave behind: `npm run test:faults`. Minutes, so not in `npm test`. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/faults/**/*.faults-spec.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
