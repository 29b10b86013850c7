import { Injectable } from '@nestjs/common';
import type { DenialRecorder } from '../../platform/access/authenticator.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock } from '../../platform/clock/clock.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditRepository } from './audit.repository.js';
import type { AuditOutcome, AuditRecord } from './domain/audit-record.js';
import type { AuditAction, AuditObjectKind } from './domain/vocabulary.js';

type What = Pick<AuditRecord, 'action' | 'objectKind' | 'objectId'> & { details?: AuditRecord['details'] };

/** Writes acts down: in the change's own transaction for changes, in one of its own for reads, denials and failures. */
@Injectable()
export class AuditService implements DenialRecorder {
  /** Callers whose request has its event already, committed. */
  private readonly settled = new WeakSet<Principal>();

  constructor(
    private readonly repository: AuditRepository,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** A change or a read by a person or a token, in its transaction. */
  async record(tx: Tx, principal: Principal, what: What): Promise<void> {
    await this.repository.insert(tx, this.eventOf(principal, 'done', what));
  }

  /** A read of collected data, before it is given out. */
  async read(principal: Principal, what: What): Promise<void> {
    await this.alone(principal, this.eventOf(principal, 'done', what));
  }

  /** An act that was allowed and did not come about. `details.code` says why, as the answer does. */
  async failed(principal: Principal, what: What): Promise<void> {
    await this.alone(principal, this.eventOf(principal, 'failed', what));
  }

  /** Whether this request has its event: a refusal or a read. A change's own event may have been rolled back with it. */
  isSettled(principal: Principal): boolean {
    return this.settled.has(principal);
  }

  /** An act of the system itself: the worker's registrations, the administrator's commands. */
  async recordSystem(tx: Tx, actor: 'system:worker' | 'system:admin', what: What): Promise<void> {
    await this.repository.insert(tx, {
      at: this.clock.now(),
      actor,
      outcome: 'done',
      ...what,
      details: what.details ?? {},
    });
  }

  /** The same for many, in one statement. */
  async recordSystemMany(tx: Tx, actor: 'system:worker' | 'system:admin', acts: readonly What[]): Promise<void> {
    const at = this.clock.now();
    await this.repository.insertMany(
      tx,
      acts.map((what) => ({ at, actor, outcome: 'done', ...what, details: what.details ?? {} })),
    );
  }

  /** A refusal, also of an object that is there but not for the caller (`id`), which looks like a 404 from outside. */
  async denied(
    who: Principal | { requestId: string; address: string },
    action: AuditAction,
    what: { kind: AuditObjectKind; id?: string },
  ): Promise<void> {
    const refused = { action, objectKind: what.kind, objectId: what.id };
    if ('userId' in who) {
      await this.alone(who, this.eventOf(who, 'denied', refused));
      return;
    }
    const { requestId, address } = who;
    const at = this.clock.now();
    await this.work.run((tx) =>
      this.repository.insert(tx, {
        at,
        actor: 'anonymous',
        outcome: 'denied',
        requestId,
        address,
        details: {},
        ...refused,
      }),
    );
  }

  private eventOf(principal: Principal, outcome: AuditOutcome, what: What): AuditRecord {
    return {
      at: this.clock.now(),
      actor: principal.userId,
      tokenId: principal.tokenId,
      outcome,
      requestId: principal.requestId,
      address: principal.address,
      ...what,
      details: what.details ?? {},
    };
  }

  private async alone(principal: Principal, event: AuditRecord): Promise<void> {
    await this.work.run((tx) => this.repository.insert(tx, event));
    this.settled.add(principal);
  }
}
