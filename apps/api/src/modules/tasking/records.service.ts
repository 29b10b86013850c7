import { Inject, Injectable, Logger } from '@nestjs/common';
import { keys, Refusal, type SignedFile } from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Clock } from '../../platform/clock/clock.js';
import type { CommonConfig } from '../../platform/config/env.js';
import { COMMON_CONFIG } from '../../platform/config/tokens.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { Store } from '../../platform/store/store.module.js';
import {
  type AttemptRow,
  type PendingFlow,
  type QueueScope,
  renderClientRecord,
  renderFlowRecord,
} from './domain/records.js';
import { checkSpec, SpecRefused } from './domain/spec-check.js';
import { RecordsRepository } from './records.repository.js';
import { Signer } from './signer.service.js';

const LANES = 8;

/** Signs intents, and writes each change of flows and clients to the bucket, so that Postgres can be rebuilt. */
@Injectable()
export class RecordsService {
  private readonly logger = new Logger(RecordsService.name);

  constructor(
    private readonly repository: RecordsRepository,
    private readonly work: UnitOfWork,
    private readonly store: Store,
    private readonly signer: Signer,
    private readonly clock: Clock,
    @Inject(COMMON_CONFIG) private readonly config: CommonConfig,
  ) {}

  /**
   * Brings everything of these queues' flows and clients into the bucket that is not there yet. Runs before their job
   * files are written: what agents obey is always on record.
   */
  async record(scope: QueueScope): Promise<void> {
    const tx = this.work.plain;
    const flows = await this.repository.pendingFlows(tx, scope);
    const ids = flows.map((f) => f.id);
    const attempts = Map.groupBy(await this.repository.attempts(tx, ids), (a) => a.flowId);
    const changes = Map.groupBy(await this.repository.flowChanges(tx, ids), (c) => c.flowId);
    const done = await mapLimit(flows, LANES, async (flow) => {
      const signed = await this.signAll(flow, attempts.get(flow.id) ?? []);
      if (signed.length === 0) return []; // nothing of it may be published; the log says why
      const written = changes.get(flow.id) ?? [];
      for (const change of written)
        await this.put(
          keys.flowRecord(flow.id, change.seq),
          await this.signer.text('FlowRecord', renderFlowRecord(this.config.REKALL_DEPLOYMENT, flow, change, signed)),
        );
      return written;
    });
    await this.repository.markFlowChanges(
      tx,
      done.flat().map(({ flowId, seq }) => ({ flowId, seq })),
      this.clock.now(),
    );
    await this.recordClients(scope.clientIds);
  }

  private async recordClients(clientIds: readonly string[]): Promise<void> {
    const changes = await this.repository.clientChanges(this.work.plain, clientIds);
    await mapLimit(changes, LANES, async (change) =>
      this.put(
        keys.clientRecord(change.clientId, change.seq),
        await this.signer.text('ClientRecord', renderClientRecord(this.config.REKALL_DEPLOYMENT, change)),
      ),
    );
    await this.repository.markClientChanges(
      this.work.plain,
      changes.map(({ clientId, seq }) => ({ clientId, seq })),
      this.clock.now(),
    );
  }

  /** All signed attempts of a flow; those that were not yet are signed now. One that does not fit its flow is left out. */
  private async signAll(
    flow: PendingFlow,
    attempts: readonly AttemptRow[],
  ): Promise<{ attempt: number; spec_digest: string; spec: SignedFile }[]> {
    const signed: { attempt: number; spec_digest: string; spec: SignedFile }[] = [];
    for (const attempt of attempts) {
      const spec = await this.signedSpec(flow, attempt);
      if (spec !== undefined) signed.push({ attempt: attempt.attempt, spec_digest: attempt.specDigest, spec });
    }
    return signed;
  }

  private async signedSpec(flow: PendingFlow, attempt: AttemptRow): Promise<SignedFile | undefined> {
    const { flowId, specPayload: payload, protectedPart, signature } = attempt;
    if (protectedPart !== null && signature !== null) return { protected: protectedPart, payload, signature };
    try {
      checkSpec(flow, attempt);
    } catch (error) {
      if (!(error instanceof SpecRefused || error instanceof Refusal)) throw error;
      this.logger.error(`attempt ${attempt.attempt} of ${flowId} is not published: ${error.message}`);
      return undefined;
    }
    const spec = await this.signer.sign('Spec', payload);
    await this.repository.saveSignature(this.work.plain, {
      flowId,
      attempt: attempt.attempt,
      protectedPart: spec.protected,
      signature: spec.signature,
    });
    return spec;
  }

  private async put(key: string, text: string): Promise<void> {
    await this.store.bucket.put(key, text, { contentType: 'application/json' });
  }
}
