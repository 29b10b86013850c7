import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/prisma/client.js';
import type { CommonConfig } from '../config/env.js';
import { COMMON_CONFIG } from '../config/tokens.js';

/** The database. Only repositories use it. */
@Injectable()
export class PrismaService implements OnModuleInit, OnModuleDestroy {
  readonly client: PrismaClient;

  constructor(@Inject(COMMON_CONFIG) config: CommonConfig) {
    this.client = new PrismaClient({
      adapter: new PrismaPg({ connectionString: config.DATABASE_URL, max: 10 }),
      transactionOptions: { maxWait: 10_000, timeout: 30_000 },
    });
  }

  /** Fails at the start, with a clear reason, when the database is not there. */
  async onModuleInit(): Promise<void> {
    await this.client.$queryRaw`SELECT 1`;
  }

  async onModuleDestroy(): Promise<void> {
    await this.client.$disconnect();
  }
}
