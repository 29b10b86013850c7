import { Injectable } from '@nestjs/common';
import { archivedAt, keys } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import { LedgerRepository } from './ledger.repository.js';

/** Archive objects that the database has never heard of: how many, and the first one. */
export interface UnknownArchives {
  count: number;
  first: string | undefined;
}

/** Writers' clocks differ, and who has written an object down may put it a while later: the last day is compared again. */
const AGAIN_MS = 86_400_000;
const PAGE = 1000;

/**
 * The database's own list of archive objects. Each is written down before it is put, so a crash leaves none in the
 * bucket that is not here: one that is not was written by a database that knew more than this one.
 */
@Injectable()
export class LedgerRegister {
  constructor(
    private readonly repository: LedgerRepository,
    private readonly work: UnitOfWork,
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** An object that will be put under this key at once, or was read from there by a rebuild. */
  add(key: string, at: Date): Promise<void> {
    return this.repository.add(this.work.plain, key, at);
  }

  /** Looks through what was archived since the last look that found nothing, in one LIST a thousand objects. */
  async compare(): Promise<UnknownArchives> {
    const until = new Date(this.clock.now().getTime() - AGAIN_MS);
    const since = await this.repository.comparedUntil(this.work.plain);
    const unknown: UnknownArchives = { count: 0, first: undefined };
    for (const kind of ['ledger', 'quarantine'] as const) {
      let page: string[] = [];
      const from = since === undefined ? {} : { startAfter: keys.ledgerFrom(kind, since) };
      for await (const { key } of this.store.bucket.listAll(`${kind}/`, from)) {
        if (archivedAt(key) === undefined) continue; // no archive object, whoever put it there: no database knows it
        if (page.push(key) < PAGE) continue;
        await this.count(unknown, page);
        page = [];
      }
      await this.count(unknown, page);
    }
    if (unknown.count === 0 && (since === undefined || until > since))
      await this.work.run((tx) => this.repository.forget(tx, until));
    return unknown;
  }

  private async count(unknown: UnknownArchives, page: readonly string[]): Promise<void> {
    if (page.length === 0) return;
    const known = await this.repository.known(this.work.plain, page);
    const others = page.filter((key) => !known.has(key));
    unknown.count += others.length;
    unknown.first ??= others[0];
  }
}
