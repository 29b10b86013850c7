import { createHash } from 'node:crypto';
import { ClientId, FlowId, FlowOnlyId, Hex32, HuntId, isHuntId, Sha256, sha256Hex } from './ids.js';
import { Refusal } from './errors.js';
import type { z } from 'zod';

/**
 * The one place that builds and parses bucket keys (wire.md, section 1). Ids are checked by pattern before a key is
 * built; parts that come from a path are escaped byte by byte and are never decoded to get the path back.
 */

/** The longest key that we write; the S3 limit is 1,024 bytes. */
const MAX_KEY_BYTES = 900;

const checked = (schema: z.ZodType<string>, value: string, what: string): string => {
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new Refusal('bad-key', `${what} ${JSON.stringify(value.slice(0, 80))} cannot be part of a key`);
  return parsed.data;
};

const client = (id: string): string => checked(ClientId, id, 'client id');
const hunt = (id: string): string => checked(HuntId, id, 'hunt id');
const flow = (id: string): string => checked(FlowOnlyId, id, 'flow id');
const anyFlow = (id: string): string => checked(FlowId, id, 'flow or hunt id');
const hex32 = (value: string, what: string): string => checked(Hex32, value, what);
const seqPart = (seq: number): string => {
  if (!Number.isSafeInteger(seq) || seq < 0)
    throw new Refusal('bad-key', `sequence number ${String(seq)} cannot be part of a key`);
  return String(seq);
};

const isPlain = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2d ||
  byte === 0x5f;

/** Escapes one part of a path: letters, digits, `-`, `_` and inner dots stay, every other byte is `!` + 2 hex digits. */
export const escapePart = (part: Uint8Array | string): string => {
  const bytes = typeof part === 'string' ? Buffer.from(part, 'utf8') : part;
  let out = '';
  bytes.forEach((byte, i) => {
    const innerDot = byte === 0x2e && i > 0 && i < bytes.length - 1;
    out += isPlain(byte) || innerDot ? String.fromCharCode(byte) : `!${byte.toString(16).padStart(2, '0')}`;
  });
  return out;
};

/** Escapes a whole path (bytes as the file system has them); empty parts are dropped. */
export const escapePath = (path: Uint8Array | string): string => {
  const bytes = Buffer.from(typeof path === 'string' ? Buffer.from(path, 'utf8') : path);
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== 0x2f) continue;
    if (i > from) parts.push(escapePart(bytes.subarray(from, i)));
    from = i + 1;
  }
  return parts.join('/');
};

/** `before` + escaped path + `after`; a key that would be too long carries `!long/<sha256 of the raw path>` instead. */
const withPath = (before: string, path: Uint8Array | string, after: string): string => {
  const escaped = escapePath(path);
  const key = before + (escaped === '' ? '' : `${escaped}/`) + after;
  if (Buffer.byteLength(key) <= MAX_KEY_BYTES) return key;
  return `${before}!long/${createHash('sha256').update(path).digest('hex')}/${after}`;
};

/** Where results of a flow go: under the client, or, for a hunt, under the hunt, so that it can be purged by prefix. */
export const resultsPrefix = (flowId: string, clientId: string): string =>
  isHuntId(flowId) ? `hunts/${hunt(flowId)}/vfs/` : `${client(clientId)}/vfs/`;

/** Where status tickets of a flow or hunt go. */
export const statusPrefix = (flowId: string): string =>
  isHuntId(flowId) ? `tickets/HuntStatus/${hunt(flowId)}/` : `tickets/FlowStatus/${flow(flowId)}/`;

const sqlite = (nonce: string): string => `${hex32(nonce, 'nonce')}.sqlite.gz`;

/** A collection's name as one part of a key; an empty or oversized one would make a key that nobody may write. */
const namePart = (name: string): string => {
  const part = escapePart(name);
  if (part === '' || part.length > 255)
    throw new Refusal('bad-key', `collection name ${JSON.stringify(name.slice(0, 80))} cannot be part of a key`);
  return part;
};

const partSuffix = (part: number): string => {
  if (!Number.isSafeInteger(part) || part < 0 || part > 99_999)
    throw new Refusal('bad-key', `part number ${String(part)} cannot be part of a key: it has five digits`);
  return `/part-${String(part).padStart(5, '0')}.gz`;
};

/** Twelve digits, so that a listing is in the order of the log. */
const auditSeq = (seq: number): string => {
  const text = seqPart(seq).padStart(12, '0');
  if (text.length > 12 || seq === 0) throw new Refusal('bad-key', `${seq} is no place in the audit log`);
  return text;
};

export const keys = {
  manifest: (secret: string): string => `public/${hex32(secret, 'public secret')}/manifest`,
  jobs: (secret: string, queue: string): string =>
    `public/${hex32(secret, 'public secret')}/jobs/${hex32(queue, 'queue')}`,
  ticketsPrefix: 'tickets/',
  startupTicket: (clientId: string, nonce: string, seq: number): string =>
    `tickets/Startup/${client(clientId)}/${hex32(nonce, 'nonce')}-${seqPart(seq)}.json`,
  statusTicket: (flowId: string, clientId: string, nonce: string, seq: number): string =>
    `${statusPrefix(flowId)}${client(clientId)}/${hex32(nonce, 'nonce')}-${seqPart(seq)}.json`,
  /** All status tickets of one client for one flow: one LIST shows what the worker has not processed yet. */
  statusTicketsOf: (flowId: string, clientId: string): string => `${statusPrefix(flowId)}${client(clientId)}/`,
  analysis: (flowId: string, clientId: string, name: string, nonce: string): string =>
    isHuntId(flowId)
      ? `hunts/${hunt(flowId)}/vfs/analysis/${namePart(name)}/${client(clientId)}/${sqlite(nonce)}`
      : `${client(clientId)}/vfs/analysis/${flow(flowId)}/${namePart(name)}/${sqlite(nonce)}`,
  listing: (flowId: string, clientId: string, path: Uint8Array | string, nonce: string): string =>
    isHuntId(flowId)
      ? withPath(`hunts/${hunt(flowId)}/vfs/collections/`, path, `${client(clientId)}/${sqlite(nonce)}`)
      : withPath(`${client(clientId)}/vfs/collections/${flow(flowId)}/`, path, sqlite(nonce)),
  /** `suffix` is empty, `.gz`, `/part-00000.gz` or `/index.json`. */
  file: (
    flowId: string,
    clientId: string,
    path: Uint8Array | string,
    nonce: string,
    suffix: '' | '.gz' | '/index.json' | { part: number },
  ): string => {
    const end = typeof suffix === 'string' ? suffix : partSuffix(suffix.part);
    const before = isHuntId(flowId)
      ? `hunts/${hunt(flowId)}/vfs/files/${client(clientId)}/`
      : `${client(clientId)}/vfs/files/${flow(flowId)}/`;
    return withPath(before, path, hex32(nonce, 'nonce') + end);
  },
  flowRecord: (flowId: string, seq: number): string => `flows/${anyFlow(flowId)}/${seqPart(seq)}.json`,
  flowRecordsOf: (flowId: string): string => `flows/${anyFlow(flowId)}/`,
  flowsPrefix: 'flows/',
  clientRecord: (clientId: string, seq: number): string => `clients/${client(clientId)}/${seqPart(seq)}.json`,
  clientsPrefix: 'clients/',
  ledgerPrefix: 'ledger/',
  quarantinePrefix: 'quarantine/',
  /** One object of verbatim tickets. `kind` is `ledger` or `quarantine`; `body` the stored bytes that name it. */
  ledger: (kind: 'ledger' | 'quarantine', at: Date, worker: string, body: Uint8Array): string => {
    const [year, month, day] = at.toISOString().slice(0, 10).split('-');
    const name = checked(Hex32, worker, 'worker id').slice(0, 16);
    return `${kind}/${String(year)}/${String(month)}/${String(day)}/${String(at.getTime())}-${name}-${sha256Hex(body).slice(0, 16)}.jsonl.gz`;
  },
  /** Below every key that `ledger` gives for this time or a later one, above those of earlier ones. */
  ledgerFrom: (kind: 'ledger' | 'quarantine', at: Date): string => {
    const [year, month, day] = at.toISOString().slice(0, 10).split('-');
    return `${kind}/${String(year)}/${String(month)}/${String(day)}/${String(at.getTime())}`;
  },
  auditPrefix: 'audit/',
  /** A sealed segment of the audit log. `at`: when it was sealed; `chainHash`: of its last event. */
  auditSegment: (at: Date, firstSeq: number, lastSeq: number, chainHash: string): string => {
    const [year, month, day] = at.toISOString().slice(0, 10).split('-');
    const hash = checked(Sha256, chainHash, 'chain hash').slice(0, 16);
    return `audit/${String(year)}/${String(month)}/${String(day)}/${auditSeq(firstSeq)}-${auditSeq(lastSeq)}-${hash}.jsonl.gz`;
  },
} as const;

/** When an archive object was written, by its writer's clock; undefined when it is none of ours. */
export const archivedAt = (key: string): Date | undefined => {
  const [, ms] =
    /^(?:ledger|quarantine)\/\d{4}\/\d{2}\/\d{2}\/(\d{1,15})-[0-9a-f]{16}-[0-9a-f]{16}\.jsonl\.gz$/.exec(key) ?? [];
  return ms === undefined ? undefined : new Date(Number(ms));
};

/** A parsed ticket key: what its path claims. The content must say the same. */
export type TicketKey =
  | { kind: 'Startup'; clientId: string; nonce: string; seq: number }
  | { kind: 'FlowStatus' | 'HuntStatus'; flowId: string; clientId: string; nonce: string; seq: number };

const TICKET_KEY =
  /^tickets\/(?:(Startup)|(FlowStatus)\/(F_[0-9a-f]{16})|(HuntStatus)\/(H_[0-9a-f]{16}))\/(C\.[0-9a-f]{16})\/([0-9a-f]{32})-(0|[1-9]\d{0,15})\.json$/;

/** Parses a key under `tickets/`; undefined when it is not one that an honest agent writes. */
export const parseTicketKey = (key: string): TicketKey | undefined => {
  const match = TICKET_KEY.exec(key);
  if (match === null) return undefined;
  const [, startup, flowStatus, flowId, , huntId, clientId, nonce, seqText] = match;
  if (clientId === undefined || nonce === undefined || seqText === undefined) return undefined;
  const seq = Number(seqText);
  if (!Number.isSafeInteger(seq)) return undefined;
  if (startup !== undefined) return { kind: 'Startup', clientId, nonce, seq };
  const id = flowId ?? huntId;
  if (id === undefined) return undefined;
  return { kind: flowStatus === undefined ? 'HuntStatus' : 'FlowStatus', flowId: id, clientId, nonce, seq };
};

/** One escaped part of a path: what `escapePart` gives. */
const PART = String.raw`(?!\.)(?:[A-Za-z0-9_.-]|![0-9a-f]{2})+(?<!\.)`;
/** A whole escaped path with its last slash, or none for an empty path. */
const PATH = `(?:(?:!long/[0-9a-f]{64}|${PART}(?:/${PART})*)/)?`;
const NONCE = '[0-9a-f]{32}';
const SQLITE = String.raw`${NONCE}\.sqlite\.gz`;
const FILE = String.raw`${NONCE}(?:\.gz|/part-\d{5}\.gz|/index\.json)?`;

/** Captures flow or hunt, and client, where they stand in the key. Compiled once: this runs for every object of every ticket. */
const HUNT_RESULT = new RegExp(
  String.raw`^hunts/(H_[0-9a-f]{16})/vfs/(?:analysis/${PART}/(C\.[0-9a-f]{16})/${SQLITE}|collections/${PATH}(C\.[0-9a-f]{16})/${SQLITE}|files/(C\.[0-9a-f]{16})/${PATH}${FILE})$`,
);
const FLOW_RESULT = new RegExp(
  String.raw`^(C\.[0-9a-f]{16})/vfs/(?:analysis/(F_[0-9a-f]{16})/${PART}/${SQLITE}|collections/(F_[0-9a-f]{16})/${PATH}${SQLITE}|files/(F_[0-9a-f]{16})/${PATH}${FILE})$`,
);

/**
 * True when `key` is one that this client may write as a result of this flow: prefix, client and nonce in their places,
 * the path between them escaped. Throws `bad-key` when the ids themselves are malformed.
 */
export const isResultKey = (key: string, flowId: string, clientId: string): boolean => {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return false;
  const c = client(clientId);
  const f = anyFlow(flowId);
  const match = (isHuntId(flowId) ? HUNT_RESULT : FLOW_RESULT).exec(key);
  if (match === null) return false;
  const [, first, analysis, collections, files] = match as (string | undefined)[];
  const second = analysis ?? collections ?? files;
  return isHuntId(flowId) ? first === f && second === c : first === c && second === f;
};

/** A parsed key of a result: what its path claims. */
export interface ResultKey {
  flowId: string;
  clientId: string;
  kind: 'analysis' | 'collections' | 'files';
}

/** Parses a key under `<client_id>/vfs/` or `hunts/<hunt_id>/vfs/`; undefined when it is not one that an honest agent writes. */
export const parseResultKey = (key: string): ResultKey | undefined => {
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return undefined;
  const isHunt = key.startsWith('hunts/');
  const match = (isHunt ? HUNT_RESULT : FLOW_RESULT).exec(key);
  if (match === null) return undefined;
  const [, first, analysis, collections, files] = match as (string | undefined)[];
  const second = analysis ?? collections ?? files;
  if (first === undefined || second === undefined) return undefined;
  const kind = analysis !== undefined ? 'analysis' : collections !== undefined ? 'collections' : 'files';
  return isHunt ? { flowId: first, clientId: second, kind } : { flowId: second, clientId: first, kind };
};
