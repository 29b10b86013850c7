import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * A rule with a slip in its pattern passes silently: so each is broken once in a fixture, and must be reported there
 * and nowhere else. The list is written by hand, never made from what the rules report.
 */
const BROKEN: readonly (readonly [rule: string, from: string])[] = [
  ['no-unresolved', 'apps/console/src/unresolved.ts'],
  ['no-circular', 'libs/wire/src/circle-a.ts'],
  ['no-folder-cycles', 'apps/api/src/modules/east'],
  ['no-folder-cycles', 'apps/api/src/modules/west'],
  ['libs-never-import-apps', 'libs/locations/src/to-app.ts'],
  ['apps-never-import-apps', 'apps/agent/src/to-console.ts'],
  ['libs-through-index-only', 'apps/agent/src/past-the-door.ts'],
  ['api-reads-collections-by-the-reader-only', 'apps/api/src/platform/store/writes-collections.ts'],
  ['agents-carry-no-s3-client', 'apps/agent/src/server-store.ts'],
  ['leaf-libs', 'libs/wire/src/to-efilter.ts'],
  ['upper-libs-only-on-wire', 'libs/locations/src/to-collections.ts'],
  ['collections-on-wire-and-efilter', 'libs/collections/src/to-locations.ts'],
  ['efilter-is-pure', 'libs/efilter/src/uses-node.ts'],
  ['efilter-is-pure', 'libs/efilter/src/uses-npm.ts'],
  ['no-framework-below-the-api', 'libs/embedded/src/framework.ts'],
  ['platform-below-features', 'apps/api/src/platform/clock/knows-a-feature.ts'],
  ['features-through-index-only', 'apps/api/src/modules/north/past-the-door.ts'],
  ['index-hides-repositories', 'apps/api/src/modules/north/index.ts'],
  ['prisma-only-in-repositories', 'apps/api/src/modules/north/asks.ts'],
  ['doors-never-import-repositories', 'apps/api/src/modules/north/north.controller.ts'],
  ['services-know-no-transport', 'apps/api/src/modules/north/north.service.ts'],
  ['s3-in-one-place', 'apps/agent/src/store.ts'],
  ['sqlite-in-two-places', 'apps/agent/src/database.ts'],
  ['node-sqlite-in-the-reader', 'libs/collections/src/own-sqlite.ts'],
  ['src-never-imports-tests', 'libs/wire/src/uses-a-test.ts'],
];

interface Report {
  summary: { violations: { from: string; rule: { name: string } }[]; totalCruised: number };
  modules: { source: string; dependencies: unknown[] }[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

function cruiseFixture(): Report {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'apps', 'libs'];
  const run = spawnSync(process.execPath, args, { cwd: join(root, 'test/fixtures/import-rules'), encoding: 'utf8' });
  if (run.error !== undefined || run.stdout === '') throw new Error(`dependency-cruiser: ${run.stderr}`);
  return JSON.parse(run.stdout) as Report;
}

const sorted = (pairs: readonly (readonly [string, string])[]): string[] =>
  pairs.map((pair) => pair.join(' at ')).sort();

describe('the import rules', () => {
  it('fire where they are broken, and only there', () => {
    const report = cruiseFixture();
    const fired = report.summary.violations.map(({ rule, from }) => [rule.name, from] as const);
    expect(sorted(fired)).toEqual(sorted(BROKEN));
    // The allowed imports were seen, not overlooked.
    const imports = new Map(report.modules.map(({ source, dependencies }) => [source, dependencies.length]));
    expect(imports.get('apps/agent/src/main.ts')).toBe(4);
    expect(imports.get('apps/api/src/modules/south/south.service.ts')).toBe(3);
    expect(imports.get('libs/locations/src/s3/store.ts')).toBe(2);
  });

  it('are all broken in the fixture', () => {
    const { forbidden } = require('../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };
    const names = forbidden.map(({ name }) => name).sort();
    expect(names).toEqual([...new Set(BROKEN.map(([rule]) => rule))].sort());
  });
});
