const F = '^apps/api/src/modules/';
const SPEC = '\\.spec\\.ts$';
const rule = (name, from, to, more = {}) => ({ name, severity: 'error', from, to, ...more });

module.exports = {
  forbidden: [
    rule('no-unresolved', {}, { couldNotResolve: true }), // an import that is not resolved escapes every other rule
    rule('no-circular', { pathNot: '/generated/' }, { circular: true }), // generated code is as its generator makes it
    rule('no-folder-cycles', { path: F + '[^/]+$' }, { circular: true }, { scope: 'folder' }),
    rule('libs-never-import-apps', { path: '^libs/' }, { path: '^apps/' }),
    rule('apps-never-import-apps', { path: '^apps/([^/]+)/' }, { path: '^apps/', pathNot: '^apps/$1/' }),
    rule(
      'libs-through-index-only',
      { path: '^(apps/[^/]+|libs/[^/]+)/' },
      {
        path: '^libs/[^/]+/src/',
        pathNot: [
          '^$1/',
          '^libs/[^/]+/src/index\\.ts$',
          '^libs/collections/src/reader\\.ts$',
          '^libs/locations/src/agent\\.ts$',
        ],
      },
    ),
    rule(
      'api-reads-collections-by-the-reader-only',
      { path: '^apps/api/' },
      { path: '^libs/collections/', pathNot: '^libs/collections/src/reader\\.ts$' },
    ),
    rule(
      'agents-carry-no-s3-client',
      { path: '^apps/agent/' },
      { path: '^libs/locations/', pathNot: '^libs/locations/src/agent\\.ts$' },
    ),
    rule('leaf-libs', { path: '^libs/(efilter|wire|files)/' }, { path: '^libs/', pathNot: '^libs/$1/' }),
    rule(
      'upper-libs-only-on-wire',
      { path: '^libs/(locations|embedded)/' },
      { path: '^libs/', pathNot: ['^libs/$1/', '^libs/(wire|files)/'] },
    ),
    rule(
      'collections-on-wire-and-efilter',
      { path: '^libs/(collections|sources)/' },
      { path: '^libs/', pathNot: ['^libs/$1/', '^libs/(wire|efilter)/'] },
    ),
    rule(
      'efilter-is-pure',
      { path: '^libs/efilter/src/', pathNot: SPEC },
      { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'no-framework-below-the-api',
      { path: '^(libs|apps/(agent|console|filestore))/|' + F + '[^/]+/domain/' },
      { path: 'node_modules/(@nestjs|@prisma|@apollo|express|fastify|@fastify/(?!busboy)|graphql)(/|$)' },
    ),
    rule('platform-below-features', { path: '^apps/api/src/platform/' }, { path: F }),
    rule(
      'features-through-index-only',
      { path: F + '([^/]+)/' },
      { path: F, pathNot: [F + '$1/', F + '[^/]+/index\\.ts$'] },
    ),
    rule('index-hides-repositories', { path: F + '[^/]+/index\\.ts$' }, { path: '\\.repository\\.ts$' }),
    rule(
      'prisma-only-in-repositories',
      { pathNot: '\\.repository\\.ts$|^apps/api/src/(platform/prisma|generated)/|^prisma/|^test/' },
      { path: '^apps/api/src/generated/prisma/|node_modules/@prisma/' },
    ),
    rule(
      'doors-never-import-repositories',
      { path: '\\.(controller|resolver)\\.ts$' },
      { path: '\\.repository\\.ts$' },
    ),
    rule(
      'services-know-no-transport',
      { path: '\\.service\\.ts$' },
      { path: 'node_modules/(express|fastify|@fastify|graphql|@nestjs/(graphql|apollo|swagger))/' },
    ),
    rule('s3-in-one-place', { pathNot: '^libs/locations/src/s3/' }, { path: 'node_modules/@aws-sdk/' }),
    rule(
      'sqlite-in-two-places',
      { pathNot: '^(libs/collections|apps/agent/src/state)/' },
      { path: 'node_modules/better-sqlite3/' },
    ),
    rule(
      'node-sqlite-in-the-reader',
      { pathNot: '^libs/collections/src/reader-process\\.ts$' },
      { path: '^(node:)?sqlite$' },
    ),
    rule('src-never-imports-tests', { path: '^(apps|libs)/', pathNot: SPEC }, { path: '^test/|\\.spec\\.ts$' }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // type-only imports count
    tsConfig: { fileName: 'tsconfig.json' },
    // without this line '#wire' and the like stay unresolved and no rule between libs fires (tried)
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'import', 'node', 'default'] },
  },
};
