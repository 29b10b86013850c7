import { PrismaPg } from '@prisma/adapter-pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../../test/support/postgres.js';
import { PrismaClient } from '../../generated/prisma/client.js';
import { PREPARED, preparedName } from './prepared.js';

let database: TestDatabase;
let client: PrismaClient;
beforeAll(async () => {
  database = await createTestDatabase({ migrated: false });
  const adapter = new PrismaPg(
    { connectionString: database.url, max: 1 },
    { statementNameGenerator: (query) => preparedName(query) },
  );
  client = new PrismaClient({ adapter });
});
afterAll(async () => {
  await client.$disconnect();
  await database.drop();
});

it('keeps a marked statement in Postgres, once however often it is asked, and no other', async () => {
  const marked = (n: number) => client.$queryRaw<{ twice: number }[]>`${PREPARED} SELECT 2 * ${n}::int AS twice`;
  expect(await marked(4)).toEqual([{ twice: 8 }]);
  expect(await marked(21)).toEqual([{ twice: 42 }]);
  expect(await client.$queryRaw`SELECT 3 * ${5}::int AS thrice`).toEqual([{ thrice: 15 }]);
  expect(await client.$queryRaw`SELECT statement FROM pg_prepared_statements`).toEqual([
    { statement: '/* prepared */ SELECT 2 * $1::int AS twice' },
  ]);
});
