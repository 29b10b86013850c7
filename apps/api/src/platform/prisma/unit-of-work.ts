import { Injectable } from '@nestjs/common';
import type { Prisma } from '../../generated/prisma/client.js';
import { PrismaService } from './prisma.service.js';

/** A running transaction. Services pass it on to repositories and know nothing more of it. */
export type Tx = Prisma.TransactionClient;

/** One transaction for a use case: the change, its audit row and its queue marks commit together or not at all. */
@Injectable()
export class UnitOfWork {
  constructor(private readonly prisma: PrismaService) {}

  run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.prisma.client.$transaction(work);
  }

  /** For reads that need no transaction. */
  get plain(): Tx {
    return this.prisma.client;
  }

  /** For reads that may take long for what they are, such as counts over a fleet: elsewhere a hung database is noticed sooner. */
  get longRead(): Tx {
    return this.prisma.patient;
  }
}
