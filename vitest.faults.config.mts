import { defineConfig } from 'vitest/config';

/**
 * What goes wrong: kills in the middle, tampering, moved clocks, hanging servers, misbehaving agents. `npm run
 * test:faults`, a step of its own in CI: it keeps two cores busy for minutes, so it is not in `npm test`.
 */
export default defineConfig({
  resolve: { conditions: ['source'], alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    maxWorkers: 2,
    globalSetup: ['test/support/postgres-server.ts'],
    include: ['test/faults/**/*.faults-spec.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    disableConsoleIntercept: true,
  },
});
