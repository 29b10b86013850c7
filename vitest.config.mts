import { defineConfig } from 'vitest/config';

/**
 * Tests run from the sources (condition `source`); end-to-end tests start the real programs from dist,
 * which `npm test` builds first.
 */
const conditions = ['source'];

export default defineConfig({
  // Vite would take the ES module of graphql where Node takes the other: two of a kind, which do not know each other.
  resolve: { conditions, alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  // Tests are outside tsconfig.json’s `include`, from which decorators would be known otherwise.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  ssr: { resolve: { conditions } },
  test: {
    // End-to-end files mostly wait for other processes, so two of them share even the smallest machine.
    maxWorkers: 2,
    globalSetup: ['test/support/postgres-server.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['apps/**/*.spec.ts', 'libs/**/*.spec.ts', 'scripts/**/*.spec.ts', 'test/unit/**/*.spec.ts'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e-spec.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
