import { defineConfig } from 'vitest/config';

/** The tests of who may do what with one check of the policy turned off (scripts/access-mutations.mjs says which). */
export default defineConfig({
  resolve: { conditions: ['source'], alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    name: 'mutation',
    globalSetup: ['test/support/postgres-server.ts'],
    setupFiles: ['test/mutation/turn-off.ts'],
    include: ['test/e2e/{access-matrix,people,client-labels}.e2e-spec.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
