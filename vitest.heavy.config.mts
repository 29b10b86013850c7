import { defineConfig } from 'vitest/config';

/** Checks with full numbers, by hand: `npm run test:pool`, `npm run test:listing`. Minutes, so not in `npm test`. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['test/heavy/**/*.heavy-spec.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    disableConsoleIntercept: true,
  },
});
