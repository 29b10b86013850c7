import { defineConfig } from 'vitest/config';

/** Tests that compare with programs of the operating system: `npm run test:debian` installs those first. */
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    globalSetup: ['test/support/postgres-server.ts'],
    include: ['test/debian/**/*.debian-spec.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
