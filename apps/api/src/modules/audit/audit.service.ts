import { Injectable } from '@nestjs/common';
import type { DenialRecorder } from '../../platform/access/access.guard.js';
import type { Principal } from '../../platform/access/principal.js';
import { Clock } from '../../platform/clock/clock.js';
import { type Tx, UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { AuditRepository } from './audit.repository.js';
import type { AuditRecord } from './domain/audit-record.js';

type What = Pick<AuditRecord, 'action' | 'objectKind' | 'objectId'> & { details?: AuditRecord['details'] };

/** Writes acts down: in the change's own transaction for changes, in one of its own for denials. */
@Injectable()
export class AuditService implements DenialRecorder {
  constructor(
    private readonly repository: AuditRepository,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** A change or a read by a person or a token, in its transaction. */
  async record(tx: Tx, principal: Principal, what: What): Promise<void> {
    await this.repository.insert(tx, {
      at: this.clock.now(),
      actor: principal.userId,
      tokenId: principal.tokenId,
      outcome: 'done',
      requestId: principal.requestId,
      address: principal.address,
      ...what,
      details: what.details ?? {},
    });
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
    action: string,
    what: { kind: string; id?: string },
  ): Promise<void> {
    const isPrincipal = 'userId' in who;
    await this.work.run((tx) =>
      this.repository.insert(tx, {
        at: this.clock.now(),
        actor: isPrincipal ? who.userId : 'anonymous',
        tokenId: isPrincipal ? who.tokenId : undefined,
        action,
        objectKind: what.kind,
        objectId: what.id,
        outcome: 'denied',
        requestId: who.requestId,
        address: who.address,
        details: {},
      }),
    );
  }
}
