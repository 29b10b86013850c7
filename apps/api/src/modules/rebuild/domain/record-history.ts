import { z } from 'zod';
import { ClientRecord, FlowRecord, Instant, type Label as LabelSchema } from '#wire';

type Label = z.infer<typeof LabelSchema>;

/** The records of one flow or client, in order; the last one is the present state. */
export interface History<R extends { seq: number }> {
  records: R[];
  last: R;
}

/** In order of `seq`, one each. Undefined when there are none. */
export const historyOf = <R extends { seq: number }>(records: readonly R[]): History<R> | undefined => {
  const ordered = [...new Map(records.map((r) => [r.seq, r])).values()].sort((a, b) => a.seq - b.seq);
  const last = ordered.at(-1);
  return last === undefined ? undefined : { records: ordered, last };
};

/** What the worker adds to the wire's records, for people. */
const ClientExtras = z.object({
  change: z.string().default('register'),
  label_details: z.array(z.object({ label: z.string(), at: z.coerce.date(), by: z.string() })).optional(),
  tombstone_at: Instant.optional(),
});
const FlowExtras = z.object({ request: z.unknown(), external_ref: z.string().optional() });

export interface ClientHistoryRecord extends ClientRecord {
  change: string;
  labelRows: { label: Label; at: Date; by: string }[];
  tombstoneAt: string | null;
}

export interface FlowHistoryRecord extends FlowRecord {
  request: unknown;
  externalRef: string | null;
}

/** A verified payload as a client record. Throws zod's error for one that is none. */
export const clientRecordOf = (payload: unknown): ClientHistoryRecord => {
  const record = ClientRecord.parse(payload);
  const extras = ClientExtras.parse(payload);
  return {
    ...record,
    change: extras.change,
    labelRows:
      extras.label_details ?? record.labels.map((label) => ({ label, at: new Date(record.at), by: record.by })),
    tombstoneAt: record.tombstone ? (extras.tombstone_at ?? record.at) : null,
  };
};

export const flowRecordOf = (payload: unknown): FlowHistoryRecord => {
  const record = FlowRecord.parse(payload);
  const extras = FlowExtras.parse(payload);
  return { ...record, request: extras.request ?? {}, externalRef: extras.external_ref ?? null };
};
