import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import {
  checkStartable,
  ClientRecord,
  emptyMarks,
  FlowRecord,
  MAX_JOB_FILE_BYTES,
  type Marks,
  parseJson,
  parseMessage,
  parseSignedFile,
  readJobFile,
  readManifest,
  readRecord,
  readSpec,
  readTicket,
  type Ticket,
  Trust,
  type TrustContext,
  verifyTrustFile,
} from '#wire';

/*
 * The files were made by scripts/wire-golden.mjs without any code of this library; see golden/README.md. Every file in
 * golden/accepted and golden/refused has a row here, written by hand.
 */
export const golden = new URL('../../libs/wire/golden/', import.meta.url);
export const read = (path: string): string => readFileSync(new URL(path, golden), 'utf8');
export const names = (folder: string): string[] =>
  readdirSync(new URL(folder, golden))
    .map((name) => name.replace(/\.json$/, ''))
    .sort();

export interface Expected {
  certificates: Record<string, string>;
  agents: Record<'agent' | 'other', { identity: string; client_id: string }>;
  digests: Record<string, string>;
}
export const expected = JSON.parse(read('expected.json')) as Expected;
export const me = expected.agents.agent;
/** What `sha256sum` said of a file's payload. */
export const digestOf = (name: string): string => {
  const digest = expected.digests[name];
  if (digest === undefined) throw new Error(`expected.json has no digest of ${name}`);
  return digest;
};

export const NOW = new Date('2026-03-01T12:00:00.000Z');
export const DEPLOYMENT = '0123456789abcdef0123456789abcdef';
export const OWN_QUEUE = 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1';
export const ALL_QUEUE = 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2';
export const FLOW = 'F_00000000000000f1';
export const HUNT = 'H_00000000000000a1';
export const NONCE = '00112233445566778899aabbccddeeff';
export const ca = new X509Certificate(read('certificates/ca.pem'));
/** All leaves are on the list, the bad ones too, so that what refuses them is the check that is meant. */
export const trust: TrustContext = {
  ca,
  deployment: DEPLOYMENT,
  epoch: 2,
  leaves: new Set(
    Object.entries(expected.certificates)
      .filter(([name]) => name !== 'leaf-not-in-trust')
      .map(([, fingerprint]) => fingerprint),
  ),
};

export type Read = (text: string) => Promise<unknown>;
export const manifest =
  (marks: Marks = emptyMarks()): Read =>
  (text) =>
    readManifest(text, { ca, now: NOW, marks, deployment: DEPLOYMENT });
export const jobs =
  (queue = OWN_QUEUE, marks: Marks = emptyMarks()): Read =>
  (text) =>
    readJobFile(text, { trust, queue, now: NOW, marks });
export const spec =
  (flowId = FLOW, knownDigest?: string): Read =>
  async (text) => {
    const file = parseSignedFile(text, 'the spec', MAX_JOB_FILE_BYTES);
    const result = await readSpec({ flow_id: flowId, spec: file }, { trust, now: NOW, knownDigest });
    checkStartable(result.spec, NOW);
    return result;
  };
export const ticket =
  (typ: Ticket['__type__']): Read =>
  (text) =>
    readTicket(text, typ);
export const record =
  (typ: 'FlowRecord' | 'ClientRecord'): Read =>
  async (text) => {
    const value = await readRecord(text, typ, ca, MAX_JOB_FILE_BYTES);
    return typ === 'FlowRecord' ? parseMessage(FlowRecord, value, typ) : parseMessage(ClientRecord, value, typ);
  };
export const plain =
  (schema: z.ZodType): Read =>
  (text) =>
    Promise.resolve().then(() => parseMessage(schema, parseJson(text, 'the message', MAX_JOB_FILE_BYTES), 'it'));
export const trustList: Read = async (text) => {
  const file = parseSignedFile(text, 'the trust list', MAX_JOB_FILE_BYTES);
  await verifyTrustFile(file, ca);
  return parseMessage(Trust, parseJson(file.payload, 'the trust list', MAX_JOB_FILE_BYTES), 'the trust list');
};

export type Row<T> = [read: Read, result: T];

/** What an agent has seen that took files before. */
export const seenManifest = (version: number, epoch = 2, digest = '0'.repeat(64)): Marks => ({
  epoch,
  manifest: { version, digest },
  queues: { [OWN_QUEUE]: { version: 9e15, digest } },
  newestIssuedAt: '2026-03-01T11:45:00.000Z',
});
export const seenJobs = (version: number, digest = '0'.repeat(64)): Marks => ({
  epoch: 2,
  queues: { [OWN_QUEUE]: { version, digest }, [ALL_QUEUE]: { version: 1, digest } },
  newestIssuedAt: '2026-03-01T11:29:59.999Z',
});
