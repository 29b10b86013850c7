import { z } from 'zod';
import {
  type Entry,
  type EntryState,
  Instant,
  type JobFile,
  type LocalFile,
  MAX_JOB_FILE_BYTES,
  parseJson,
  parseMessage,
  readSpec,
  Refusal,
  RetryOutcome,
  type S3SignedPolicy,
  Sample,
  type Spec,
  specDigest,
  Target,
  type TrustContext,
} from '#wire';

/** Which queue a file was read from: what its entries may target follows from it. */
export type QueueRole = { kind: 'own' } | { kind: 'label'; label: string };

/**
 * What an agent must understand of a spec to know whether it is meant: readable also where the actions are of a newer
 * kind, so that such a flow is answered with Rejected and not passed over in silence.
 */
const SpecHead = z.looseObject({
  target: Target,
  sample: Sample.optional(),
  requires: z.array(z.string()).default([]),
  retry: z.object({ only_if_last: z.array(RetryOutcome) }).optional(),
  report_skips: z.boolean().default(false),
  created_at: Instant,
  expires_at: Instant,
});
export type SpecHead = z.infer<typeof SpecHead>;

/** An entry whose spec's signature was verified. */
export interface JobEntry {
  flowId: string;
  attempt: number;
  state: EntryState;
  digest: string;
  head: SpecHead;
  /** Absent when the spec, though genuine, asks for something that this version does not know: see `problem`. */
  spec?: Spec;
  problem?: string;
  role: QueueRole;
  /** Where results may go. */
  grants: readonly (S3SignedPolicy | LocalFile)[];
}

/** The folder of this machine in which the entry's results and tickets belong; undefined: they go to the bucket. */
export const localFileOf = (entry: Pick<JobEntry, 'grants'>): LocalFile | undefined =>
  entry.grants.find((location) => location.__type__ === 'LocalFile');

/** An entry that was not taken, and why. */
export interface RefusedEntry {
  flowId: string;
  attempt: number;
  refusal: Refusal;
}

const grantsOf = (entry: Entry, jobFile: JobFile): (S3SignedPolicy | LocalFile)[] =>
  jobFile.grants.filter((g) => entry.grants.includes(g.id)).map((g) => g.location);

const readHead = (entry: Entry): SpecHead => {
  const what = `the spec of ${entry.flow_id}`;
  return parseMessage(SpecHead, parseJson(entry.spec.payload, what, MAX_JOB_FILE_BYTES), what);
};

const readEntry = async (entry: Entry, jobFile: JobFile, options: EntryOptions): Promise<JobEntry> => {
  const knownDigest = options.knownDigest(entry.flow_id, entry.attempt);
  const base = {
    flowId: entry.flow_id,
    attempt: entry.attempt,
    state: entry.state,
    digest: specDigest(entry.spec.payload),
    role: options.role,
    grants: grantsOf(entry, jobFile),
  };
  try {
    const { spec } = await readSpec(entry, { trust: options.trust, now: options.now, knownDigest });
    return { ...base, head: spec, spec };
  } catch (error) {
    // `schema` comes after the signature was found good: genuine, but of a kind that this version does not know.
    if (!(error instanceof Refusal) || error.code !== 'schema') throw error;
    return { ...base, head: readHead(entry), problem: error.message };
  }
};

export interface EntryOptions {
  role: QueueRole;
  trust: TrustContext;
  now: Date;
  /** The digest under which this attempt was taken up before. */
  knownDigest: (flowId: string, attempt: number) => string | undefined;
}

/** Verifies the spec of each entry of a verified file. One bad entry costs only itself. */
export const readEntries = async (
  jobFile: JobFile,
  options: EntryOptions,
): Promise<{ entries: JobEntry[]; refused: RefusedEntry[] }> => {
  const entries: JobEntry[] = [];
  const refused: RefusedEntry[] = [];
  for (const entry of jobFile.entries) {
    try {
      entries.push(await readEntry(entry, jobFile, options));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refused.push({ flowId: entry.flow_id, attempt: entry.attempt, refusal: error });
    }
  }
  return { entries, refused };
};
