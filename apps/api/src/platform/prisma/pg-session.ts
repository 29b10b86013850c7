import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Client, escapeIdentifier, type QueryResult, type QueryResultRow } from 'pg';
import type { CommonConfig } from '../config/env.js';
import { COMMON_CONFIG } from '../config/tokens.js';

/**
 * One connection of its own, for what belongs to a session: LISTEN, and advisory locks that are held while something
 * outside of Postgres is done. When it is lost, so are the locks: they avoid double work, correctness never rests on
 * them. It is opened again at the next use.
 */
@Injectable()
export class PgSession implements OnModuleDestroy {
  private readonly logger = new Logger(PgSession.name);
  private readonly listeners = new Map<string, () => void>();
  private connecting: Promise<Client> | undefined;
  /** One statement at a time. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(@Inject(COMMON_CONFIG) private readonly config: CommonConfig) {}

  /** Takes those of the locks that nobody else holds, and answers which. */
  async tryLock(names: readonly string[]): Promise<Set<string>> {
    const { rows } = await this.query<{ name: string; got: boolean }>(
      `SELECT name, pg_try_advisory_lock(hashtextextended('rekall:' || name, 0)) AS got FROM unnest($1::text[]) AS name`,
      [[...names]],
    );
    return new Set(rows.filter((r) => r.got).map((r) => r.name));
  }

  async unlock(names: Iterable<string>): Promise<void> {
    await this.query(
      `SELECT pg_advisory_unlock(hashtextextended('rekall:' || name, 0)) FROM unnest($1::text[]) AS name`,
      [[...names]],
    );
  }

  /** Runs `work` while the lock is held; undefined when somebody else holds it. */
  async underLock<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    const got = await this.tryLock([name]);
    if (got.size === 0) return undefined;
    try {
      return await work();
    } finally {
      await this.unlock(got);
    }
  }

  /** Calls `wake` at each NOTIFY of the channel, and after a lost connection, when one may have been missed. */
  async listen(channel: string, wake: () => void): Promise<void> {
    this.listeners.set(channel, wake);
    await this.query(`LISTEN ${escapeIdentifier(channel)}`);
  }

  async onModuleDestroy(): Promise<void> {
    const client = this.connecting;
    this.connecting = undefined;
    if (client !== undefined) await (await client).end();
  }

  private query<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<QueryResult<R>> {
    const result = this.last.then(async () => (await this.client()).query<R>(text, values));
    this.last = result.catch(() => undefined); // who asked gets the failure; the next statement is not its
    return result;
  }

  private client(): Promise<Client> {
    this.connecting ??= this.connect().catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }

  private async connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.config.DATABASE_URL,
      application_name: 'rekall worker session',
    });
    const lost = (): void => {
      if (this.connecting === undefined) return;
      this.connecting = undefined;
      for (const wake of this.listeners.values()) wake();
    };
    client.on('error', (error) => {
      this.logger.warn(`the session connection to Postgres was lost: ${error.message}`);
      lost();
    });
    client.on('end', lost);
    client.on('notification', ({ channel }) => this.listeners.get(channel)?.());
    await client.connect();
    for (const channel of this.listeners.keys()) await client.query(`LISTEN ${escapeIdentifier(channel)}`);
    return client;
  }
}
