import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { keys } from '#wire';
import { createTestDatabase, type TestDatabase } from '../../../../../test/support/postgres.js';
import { Clock } from '../../platform/clock/clock.js';
import type { WorkerConfig } from '../../platform/config/env.js';
import { PrismaService } from '../../platform/prisma/prisma.service.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import type { TicketObject } from './domain/stored-ticket.js';
import { IntakeReads } from './intake-reads.repository.js';
import { RegistrationGateRepository } from './registration-gate.repository.js';
import { RegistrationGate } from './registration-gate.service.js';
import { TicketChooser } from './ticket-chooser.service.js';

/* On a real database: who is let in, and what waits with those who are not. */

const HOUR_MS = 3_600_000;
let database: TestDatabase;
let sql: Client;
let prisma: PrismaService;
let chooser: TicketChooser;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = new Client({ connectionString: database.adminUrl });
  await sql.connect();
  prisma = new PrismaService({ DATABASE_URL: database.url } as WorkerConfig);
});
afterAll(async () => {
  await prisma.onModuleDestroy();
  await sql.end();
  await database.drop();
});
beforeEach(async () => {
  await sql.query('TRUNCATE clients, worker_notes CASCADE');
  const work = new UnitOfWork(prisma);
  const config = { REKALL_REGISTRATIONS_PER_HOUR: 3 } as WorkerConfig;
  const gate = new RegistrationGate(new RegistrationGateRepository(), work, new Clock(), config);
  chooser = new TicketChooser(new IntakeReads(), work, new Clock(), gate);
});

const idOf = (n: number): string => `C.${n.toString(16).padStart(16, '0')}`;
const nonceOf = (n: number): string => n.toString(16).padStart(32, '0');
const object = (key: string, ageMs: number): TicketObject => ({
  key,
  etag: '"e"',
  size: 1,
  lastModified: new Date(Date.now() - ageMs),
});
const startup = (id: string, n = 1): TicketObject => object(keys.startupTicket(id, nonceOf(n), n), 0);
const status = (id: string, ageMs: number): TicketObject =>
  object(keys.statusTicket('H_0000000000000001', id, nonceOf(1), 1), ageMs);

it('lets no more new clients in than the bound, over all pages of a turn, and every ticket of who is registered', async () => {
  const inside = 'C.00000000000000ff';
  await sql.query(
    `INSERT INTO clients (id, identity, queue, registered_at, first_seen_at, last_seen_at, startup_at)
     VALUES ($1, $2, $3, now() - interval '2 hours', now(), now(), now())`,
    [inside, 'f'.repeat(64), 'f'.repeat(32)],
  );
  chooser.beginTurn();
  let chosen: TicketObject[] = [];
  for (let page = 0; page < 3; page++) {
    const strangers = Array.from({ length: 20 }, (_, i) => startup(idOf(page * 20 + i)));
    chosen = [...chosen, ...(await chooser.startups([...strangers, startup(inside, page)]))];
  }
  expect(chosen.filter((t) => t.key.includes(inside))).toHaveLength(3);
  expect(chosen.filter((t) => !t.key.includes(inside))).toHaveLength(3);
});

it('what an unknown client says waits an hour for its Startup, and as long as it takes while new clients have to wait', async () => {
  const stranger = idOf(1);
  expect(await chooser.others([status(stranger, HOUR_MS / 2)])).toEqual([]);
  const late = status(stranger, 2 * HOUR_MS);
  expect(await chooser.others([late])).toEqual([late]); // to be put aside: nobody knows it
  const page = Array.from({ length: 10 }, (_, i) => startup(idOf(i)));
  chooser.beginTurn();
  await chooser.startups(page);
  expect(await chooser.others([late])).toEqual([]); // its Startup may be among those that wait
  // all are let in: the next looks find nobody waiting
  for (let look = 0; look < 2; look++) {
    chooser.beginTurn();
    await chooser.startups([]);
  }
  expect(await chooser.others([late])).toEqual([late]);
});
