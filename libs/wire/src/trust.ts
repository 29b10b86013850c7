import { X509Certificate } from 'node:crypto';
import { Refusal } from './errors.js';
import { sha256Hex } from './ids.js';
import { type Entry, JobFile, Manifest, Trust } from './job-file.js';
import { MAX_JOB_FILE_BYTES, MAX_MANIFEST_BYTES, parseJson, parseMessage } from './parse.js';
import { type MessageType, type SignedFile } from './signed-file.js';
import { parseSignedFile, verifyLeafSignature, verifyTrustFile } from './signing.js';
import { Spec } from './spec.js';

/** The extended key usage of a signing leaf. */
export const SIGNING_USAGE = '2.25.314159265358979323846264338327950288419';
/** How early a start may seem (a clock that is slow); ends have no allowance. */
export const START_ALLOWANCE_MS = 10 * 60_000;

/** What an agent has already seen: it never goes back. Kept in its state; a higher trust epoch resets it. */
export interface Marks {
  epoch: number;
  manifest?: Mark;
  queues: Record<string, Mark>;
  /** The newest `issued_at` verified: the agent's time is never before it. */
  newestIssuedAt?: string;
}
export interface Mark {
  version: number;
  /** SHA-256 of the payload's bytes. */
  digest: string;
}
export const emptyMarks = (): Marks => ({ epoch: -1, queues: {} });

/** The leaves that may sign now, under the configured CA. */
export interface TrustContext {
  ca: X509Certificate;
  deployment: string;
  epoch: number;
  leaves: ReadonlySet<string>;
}

/** Ours and no other. Node gives undefined for a certificate without the extension, whatever its types say. */
const isSigningUsage = (usages: readonly string[] | undefined): boolean =>
  usages?.length === 1 && usages[0] === SIGNING_USAGE;

/** A leaf is accepted only if it is on the list, issued by the configured CA, in its dates, no CA, and of our usage. */
export const checkLeaf = (leaf: X509Certificate, trust: Pick<TrustContext, 'ca' | 'leaves'>, now: Date): void => {
  if (leaf.ca) throw new Refusal('cert-ca-as-leaf', 'signed with a CA certificate, which may not sign files');
  if (!leaf.checkIssued(trust.ca) || !leaf.verify(trust.ca.publicKey))
    throw new Refusal('cert-issuer', 'the signing certificate was not issued by the CA in the configuration');
  if (!isSigningUsage(leaf.keyUsage))
    throw new Refusal('cert-usage', 'the signing certificate is not meant for signing job files (extended key usage)');
  if (now.getTime() + START_ALLOWANCE_MS < leaf.validFromDate.getTime())
    throw new Refusal(
      'cert-not-yet-valid',
      `the signing certificate is valid from ${leaf.validFromDate.toISOString()}; this clock says ${now.toISOString()}`,
    );
  if (now.getTime() > leaf.validToDate.getTime())
    throw new Refusal(
      'cert-expired',
      `the signing certificate expired at ${leaf.validToDate.toISOString()}; this clock says ${now.toISOString()}`,
    );
  if (!trust.leaves.has(sha256Hex(leaf.raw)))
    throw new Refusal(
      'trust-missing-leaf',
      'the signing certificate is not on the list of trusted ones: it was replaced or revoked',
    );
};

const verifyServerFile = async (
  file: SignedFile,
  typ: MessageType,
  trust: Pick<TrustContext, 'ca' | 'leaves'>,
  now: Date,
): Promise<void> => {
  const leaf = await verifyLeafSignature(file, typ);
  checkLeaf(leaf, trust, now);
};

/** Refuses a lower version, and an equal one with other bytes; gives the new mark. */
const advance = (what: string, seen: Mark | undefined, version: number, payload: string): Mark => {
  const digest = sha256Hex(payload);
  if (seen !== undefined && version < seen.version)
    throw new Refusal(
      'lower-version',
      `${what} has version ${version}, older than ${seen.version} that was already seen`,
    );
  if (seen?.version === version && digest !== seen.digest)
    throw new Refusal('same-version-other-bytes', `${what} has version ${version} again, with other content`);
  return { version, digest };
};

const later = (a: string | undefined, b: string): string => (a === undefined || b > a ? b : a);

/**
 * Verifies a Manifest: the trust list by the CA key, its epoch, then the file itself by a trusted leaf. `deployment` is
 * the one that the agent's configuration names. The marks given back are to be saved before the Manifest is used. Any `Refusal` means: keep what you had and say why.
 */
export const readManifest = async (
  text: string,
  options: { ca: X509Certificate; now: Date; marks: Marks; deployment?: string | undefined },
): Promise<{ manifest: Manifest; trust: TrustContext; marks: Marks }> => {
  const { ca, now, marks } = options;
  const file = parseSignedFile(text, 'the Manifest', MAX_MANIFEST_BYTES);
  const leaf = await verifyLeafSignature(file, 'Manifest');
  const manifest = parseMessage(Manifest, parseJson(file.payload, 'the Manifest', MAX_MANIFEST_BYTES), 'the Manifest');
  await verifyTrustFile(manifest.trust, ca);
  const list = parseMessage(
    Trust,
    parseJson(manifest.trust.payload, 'the trust list', MAX_MANIFEST_BYTES),
    'the trust list',
  );
  if (list.deployment !== manifest.deployment)
    throw new Refusal('deployment', 'the trust list is of another deployment');
  if (options.deployment !== undefined && list.deployment !== options.deployment)
    throw new Refusal('deployment', 'the Manifest is of another deployment than the one in the configuration');
  if (list.epoch < marks.epoch)
    throw new Refusal(
      'trust-epoch',
      `the trust list has epoch ${list.epoch}, older than ${marks.epoch} that was already seen`,
    );
  const trust: TrustContext = { ca, deployment: list.deployment, epoch: list.epoch, leaves: new Set(list.signing) };
  checkLeaf(leaf, trust, now);
  const before = list.epoch > marks.epoch ? emptyMarks() : marks;
  const mark = advance('the Manifest', before.manifest, manifest.version, file.payload);
  return {
    manifest,
    trust,
    marks: {
      ...before,
      epoch: list.epoch,
      manifest: mark,
      newestIssuedAt: later(marks.newestIssuedAt, manifest.issued_at),
    },
  };
};

/** Verifies the JobFile of one queue. Same rules as the Manifest; another queue's file is refused. */
export const readJobFile = async (
  text: string,
  options: { trust: TrustContext; queue: string; now: Date; marks: Marks },
): Promise<{ jobFile: JobFile; marks: Marks }> => {
  const { trust, queue, now, marks } = options;
  const file = parseSignedFile(text, 'the job file', MAX_JOB_FILE_BYTES);
  await verifyServerFile(file, 'JobFile', trust, now);
  const jobFile = parseMessage(JobFile, parseJson(file.payload, 'the job file', MAX_JOB_FILE_BYTES), 'the job file');
  if (jobFile.deployment !== trust.deployment) throw new Refusal('deployment', 'the job file is of another deployment');
  if (jobFile.queue !== queue) throw new Refusal('other-queue', 'the job file was made for another queue');
  const mark = advance('the job file', marks.queues[queue], jobFile.version, file.payload);
  return {
    jobFile,
    marks: {
      ...marks,
      queues: { ...marks.queues, [queue]: mark },
      newestIssuedAt: later(marks.newestIssuedAt, jobFile.issued_at),
    },
  };
};

/** The digest that approvals, tickets, receipts and the audit log name. */
export const specDigest = (payload: string): string => sha256Hex(payload);

/**
 * Verifies the spec of an entry. `knownDigest` is the one under which this flow id and attempt were seen before:
 * another digest is refused.
 */
export const readSpec = async (
  entry: Pick<Entry, 'flow_id' | 'spec'>,
  options: { trust: TrustContext; now: Date; knownDigest?: string | undefined },
): Promise<{ spec: Spec; digest: string }> => {
  const digest = specDigest(entry.spec.payload);
  if (options.knownDigest !== undefined && options.knownDigest !== digest)
    throw new Refusal('digest', `${entry.flow_id} was seen before with another spec under the same attempt`);
  await verifyServerFile(entry.spec, 'Spec', options.trust, options.now);
  const spec = parseMessage(
    Spec,
    parseJson(entry.spec.payload, `the spec of ${entry.flow_id}`, MAX_JOB_FILE_BYTES),
    `the spec of ${entry.flow_id}`,
  );
  if (spec.flow_id !== entry.flow_id)
    throw new Refusal('digest', `the entry ${entry.flow_id} carries the spec of ${spec.flow_id}`);
  return { spec, digest };
};

/** Throws `flow-expired` when a flow may not start at this time (ten minutes' allowance on its start, none on its end). */
export const checkStartable = (spec: Spec, now: Date): void => {
  if (now.getTime() > Date.parse(spec.expires_at))
    throw new Refusal('flow-expired', `${spec.flow_id} expired at ${spec.expires_at}`);
  if (now.getTime() + START_ALLOWANCE_MS < Date.parse(spec.created_at))
    throw new Refusal('flow-expired', `${spec.flow_id} is dated ${spec.created_at}, in the future of this clock`);
};

/** Verifies a record that the worker wrote for rebuild. */
export const readRecord = async (
  text: string,
  typ: 'FlowRecord' | 'ClientRecord' | 'AuditSegment',
  ca: X509Certificate,
  maxBytes: number,
): Promise<unknown> => {
  const file = parseSignedFile(text, `the ${typ}`, maxBytes);
  const leaf = await verifyLeafSignature(file, typ);
  // Records outlive the leaf that signed them: what counts is that the configured CA issued it for signing.
  checkLeaf(leaf, { ca, leaves: new Set([sha256Hex(leaf.raw)]) }, leaf.validFromDate);
  return parseJson(file.payload, `the ${typ}`, maxBytes);
};
