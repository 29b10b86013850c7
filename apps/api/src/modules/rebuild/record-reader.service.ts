import { Inject, Injectable } from '@nestjs/common';
import type { X509Certificate } from 'node:crypto';
import { checkLeaf, keys, readRecord, sha256Hex, specDigest, verifyLeafSignature } from '#wire';
import { mapLimit } from '../../platform/async/map-limit.js';
import { Store } from '../../platform/store/store.module.js';
import {
  type ClientHistoryRecord,
  clientRecordOf,
  type FlowHistoryRecord,
  flowRecordOf,
  type History,
  historyOf,
} from './domain/record-history.js';

export const CA_CERTIFICATE = Symbol('CA_CERTIFICATE');

const GETS = 32;
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** A record in the bucket that this deployment did not write. Nothing is rebuilt from it. */
export class RecordDamaged extends Error {
  override readonly name = 'RecordDamaged';
}

/** Reads and verifies what the worker wrote of clients and flows. */
@Injectable()
export class RecordReader {
  constructor(
    private readonly store: Store,
    @Inject(CA_CERTIFICATE) private readonly ca: X509Certificate,
  ) {}

  /** All clients, with every change. Throws RecordDamaged. */
  clients(): Promise<History<ClientHistoryRecord>[]> {
    return this.read(keys.clientsPrefix, 'ClientRecord', (payload, key) => {
      const record = clientRecordOf(payload);
      requireKey(key, keys.clientRecord(record.client_id, record.seq));
      return Promise.resolve([record.client_id, record]);
    });
  }

  /** All flows and hunts, with every change and their signed specs. Throws RecordDamaged. */
  flows(): Promise<History<FlowHistoryRecord>[]> {
    return this.read(keys.flowsPrefix, 'FlowRecord', async (payload, key) => {
      const record = flowRecordOf(payload);
      requireKey(key, keys.flowRecord(record.flow_id, record.seq));
      for (const { spec, spec_digest } of record.attempts) {
        const leaf = await verifyLeafSignature(spec, 'Spec');
        checkLeaf(leaf, { ca: this.ca, leaves: new Set([sha256Hex(leaf.raw)]) }, leaf.validFromDate);
        if (specDigest(spec.payload) !== spec_digest)
          throw new Error('a spec does not have the digest that it is named by');
      }
      return [record.flow_id, record];
    });
  }

  private async read<R extends { seq: number }>(
    prefix: string,
    typ: 'ClientRecord' | 'FlowRecord',
    parse: (payload: unknown, key: string) => Promise<[string, R]>,
  ): Promise<History<R>[]> {
    const found: string[] = [];
    for await (const { key } of this.store.bucket.listAll(prefix)) found.push(key);
    const records = await mapLimit(found, GETS, async (key) => {
      const got = await this.store.bucket.get(key, { maxBytes: MAX_RECORD_BYTES });
      if (got.kind !== 'found') throw new RecordDamaged(`${key} was listed and is not there any more`);
      try {
        return await parse(await readRecord(got.body.toString('utf8'), typ, this.ca, MAX_RECORD_BYTES), key);
      } catch (error) {
        throw new RecordDamaged(
          `${key} is not a record of this deployment: ${error instanceof Error ? error.message : String(error)}; move it away to rebuild without it`,
          { cause: error },
        );
      }
    });
    const groups = Map.groupBy(records, ([id]) => id);
    return [...groups.values()].flatMap((group) => historyOf(group.map(([, record]) => record)) ?? []);
  }
}

const requireKey = (key: string, expected: string): void => {
  if (key !== expected) throw new Error(`it belongs at ${expected}`);
};
