import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit, Optional } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../generated/prisma/client.js';
import { type CommonConfig, ConfigError, type HttpConfig } from '../config/env.js';
import { COMMON_CONFIG, HTTP_CONFIG } from '../config/tokens.js';
import { preparedName } from './prepared.js';

/** How long is waited for the database: for a connection, a statement, a transaction; milliseconds. */
interface Patience {
  connectMs: number;
  statementMs: number;
  transactionMs: number;
  connections: number;
}

/** Of programs that nobody waits for, and of reads that may take long. */
const PATIENT: Patience = { connectMs: 5_000, statementMs: 30_000, transactionMs: 30_000, connections: 10 };
/** Of who answers people: a database that hangs is said to be away within five seconds. */
const PROMPT: Patience = { connectMs: 3_000, statementMs: 4_000, transactionMs: 15_000, connections: 10 };
/** Long reads that may run at once beside all else. */
const LONG_READS = 4;

const connect = (connectionString: string, patience: Patience): PrismaClient =>
  new PrismaClient({
    adapter: new PrismaPg(
      {
        connectionString,
        max: patience.connections,
        connectionTimeoutMillis: patience.connectMs, // also for a free one
        query_timeout: patience.statementMs, // counted here: a server that hangs counts nothing
        statement_timeout: patience.statementMs,
      },
      { statementNameGenerator: preparedName },
    ),
    transactionOptions: { maxWait: patience.connectMs, timeout: patience.transactionMs },
  });

/** The database. Only repositories use it. */
@Injectable()
export class PrismaService implements OnModuleInit, OnModuleDestroy {
  readonly client: PrismaClient;
  /** For reads that may take longer than an answer usually does. */
  readonly patient: PrismaClient;

  constructor(
    @Inject(COMMON_CONFIG) private readonly config: CommonConfig,
    @Optional() @Inject(HTTP_CONFIG) http?: HttpConfig,
  ) {
    const url = config.DATABASE_URL;
    this.client = connect(url, http === undefined ? PATIENT : PROMPT);
    this.patient = http === undefined ? this.client : connect(url, { ...PATIENT, connections: LONG_READS });
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
    await Promise.all([this.client.$disconnect(), this.patient.$disconnect()]);
  }
}
