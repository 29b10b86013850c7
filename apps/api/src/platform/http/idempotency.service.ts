import { Injectable } from '@nestjs/common';
import { sha256Hex } from '#wire';
import type { Principal } from '../access/principal.js';
import { Clock } from '../clock/clock.js';
import { DomainError } from '../errors/domain-error.js';
import type { Tx } from '../prisma/unit-of-work.js';
import { IdempotencyRepository } from './idempotency.repository.js';

const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, canonical(v)]),
  );
};

/** The same POST twice makes one object. */
@Injectable()
export class Idempotency {
  constructor(
    private readonly repository: IdempotencyRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Claims a key for an object that this transaction is about to make. Gives the id of the object that an earlier call
   * made with it, or undefined when this is the first. Another body under the same key: `request/idempotency-mismatch`.
   */
  async claim(
    tx: Tx,
    principal: Principal,
    route: string,
    key: string | undefined,
    body: unknown,
    objectId: string,
  ): Promise<string | undefined> {
    if (key === undefined) return undefined;
    const bodyHash = sha256Hex(JSON.stringify(canonical(body)));
    const who = principal.tokenId ?? principal.userId;
    if (
      await this.repository.insert(tx, { principal: who, route, key, bodyHash, objectId, createdAt: this.clock.now() })
    )
      return undefined;
    const earlier = await this.repository.find(tx, who, route, key);
    if (earlier === undefined)
      throw new DomainError(
        'conflict',
        'request/idempotency-conflict',
        'Another request with this Idempotency-Key was undone; send it again.',
      );
    if (earlier.bodyHash !== bodyHash)
      throw new DomainError(
        'unprocessable',
        'request/idempotency-mismatch',
        'This Idempotency-Key was used with another body; use a new key for a new request.',
      );
    return earlier.objectId;
  }
}
