import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.mts';

/** The tests with one check of the policy turned off: ACCESS_MUTATION says which (see scripts/access-mutations.mjs). */
export default mergeConfig(base, {
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'mutation',
          include: ['test/e2e/{access-matrix,people,client-labels}.e2e-spec.ts'],
          setupFiles: ['test/mutation/turn-off.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
