import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/prisma/client.js';
import { type CommonConfig, ConfigError } from '../config/env.js';
import { COMMON_CONFIG } from '../config/tokens.js';

/** A database that does not answer is said to be away after this long, instead of keeping callers for ever. */
const CONNECT_MS = 5_000;
const QUERY_MS = 30_000;

/** The database. Only repositories use it. */
@Injectable()
export class PrismaService implements OnModuleInit, OnModuleDestroy {
  readonly client: PrismaClient;

  constructor(@Inject(COMMON_CONFIG) private readonly config: CommonConfig) {
    this.client = new PrismaClient({
      adapter: new PrismaPg({
        connectionString: config.DATABASE_URL,
        max: 10,
        connectionTimeoutMillis: CONNECT_MS,
        query_timeout: QUERY_MS,
        statement_timeout: QUERY_MS,
      }),
      transactionOptions: { maxWait: 10_000, timeout: QUERY_MS },
    });
  }

  /** Fails at the start, with a clear reason, when the database is not there. */
  async onModuleInit(): Promise<void> {
    try {
      await this.client.$queryRaw`SELECT 1`;
    } catch (error) {
      const { host, pathname } = new URL(this.config.DATABASE_URL);
      // Prisma's messages are a page of source code; their last line says what happened
      const why = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
      throw new ConfigError(`DATABASE_URL: cannot use ${host}${pathname}: ${why ?? ''}`, { cause: error });
    }
  }

  async onModuleDestroy(): Promise<void> {
    await this.client.$disconnect();
  }
}
