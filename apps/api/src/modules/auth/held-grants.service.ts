import { Injectable } from '@nestjs/common';
import { isRole } from '../../platform/access/permission.js';
import type { GrantInForce } from '../../platform/access/principal.js';
import type { Tx } from '../../platform/prisma/unit-of-work.js';
import { AuthRepository, type StoredGrant, type Subject } from './auth.repository.js';

/** What is kept at most; who comes next makes room. */
const MOST_SUBJECTS = 5_000;
const MOST_GRANTS = 500_000;

/** All grants of a user or a token, and those in force within a span of time in which these are the same. */
interface Kept {
  version: string;
  all: readonly StoredGrant[];
  inForce: readonly GrantInForce[];
  from: number;
  until: number;
}

/**
 * Grants of users and tokens as last read. The database has a version of them that changes with each: what is kept holds
 * as long as the version does, so a grant that is taken away is gone with the next request, in every process.
 */
@Injectable()
export class HeldGrants {
  /** By subject, the one that was asked for longest ago first. */
  private readonly kept = new Map<string, Kept>();
  private grants = 0;

  constructor(private readonly repository: AuthRepository) {}

  /** The grants in force of each subject; undefined for one that has none at all, not even for another time. */
  async inForce(
    tx: Tx,
    subjects: readonly (Subject & { version: string })[],
    now: Date,
  ): Promise<(readonly GrantInForce[] | undefined)[]> {
    // Looked at before anything is waited for: another request may find a newer version meanwhile, and keep that.
    const asked = subjects.map((subject) => {
      const kept = this.kept.get(keyOf(subject));
      return { subject, kept: kept?.version === subject.version ? kept : undefined };
    });
    const missing = asked.filter(({ kept }) => kept === undefined).map(({ subject }) => subject);
    const read = missing.length === 0 ? [] : await this.repository.grantsOf(tx, missing);
    const found = asked.map(({ subject, kept }): Kept => {
      const key = keyOf(subject);
      const present = kept ?? { version: subject.version, all: read.filter((grant) => keyOf(grant) === key), ...NEVER };
      this.keep(key, present);
      return present;
    });
    this.makeRoom();
    return found.map((kept) => (kept.all.length === 0 ? undefined : inForceAt(kept, now.getTime())));
  }

  private keep(key: string, kept: Kept): void {
    this.drop(key);
    this.kept.set(key, kept);
    this.grants += kept.all.length;
  }

  private makeRoom(): void {
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_SUBJECTS && this.grants <= MOST_GRANTS) return;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    this.grants -= this.kept.get(key)?.all.length ?? 0;
    this.kept.delete(key);
  }
}

const keyOf = ({ subjectKind, subjectId }: Subject): string => `${subjectKind}:${subjectId}`;

/** A span that no moment is in. */
const NEVER = { inForce: [], from: Infinity, until: -Infinity };

/** What is in force at a moment; worked out again when one of the grants has begun or ended since. */
const inForceAt = (kept: Kept, now: number): readonly GrantInForce[] => {
  if (now >= kept.from && now < kept.until) return kept.inForce;
  kept.from = -Infinity;
  kept.until = Infinity;
  const inForce: GrantInForce[] = [];
  for (const { role, scope, validFrom, validUntil } of kept.all) {
    const [begin, end] = [validFrom.getTime(), validUntil?.getTime() ?? Infinity];
    for (const turn of [begin, end])
      if (turn <= now) kept.from = Math.max(kept.from, turn);
      else kept.until = Math.min(kept.until, turn);
    // A role that this version does not know gives nothing.
    if (begin <= now && now < end && isRole(role)) inForce.push({ role, scope, validUntil });
  }
  kept.inForce = inForce;
  return inForce;
};
