import { type KeyObject, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { UploadRefused } from '#locations/agent';
import {
  keys,
  MAX_TICKET_BYTES,
  parseJson,
  parseSignedFile,
  parseTicketKey,
  randomHex32,
  sha256Hex,
  signAsAgent,
  signedFileText,
  type StatusTicket,
} from '#wire';
import type { BucketClient } from '../bucket-client.js';
import type { Identity } from '../enrol/identity.js';

/** Ways in which an agent of the pool can be bad: in what it sends, by its clock, or (slow, crashing) as it runs flows. */
export const MISBEHAVIOURS = [
  'slow',
  'duplicate',
  'forged-name',
  'forged-hash',
  'unasked-key',
  'oversized',
  'gzip-bomb',
  'crashing',
  'clock-skewed',
] as const;
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** How wrong a skewed clock is: fast, yet not so much that all its grants seem expired and it stays silent. */
export const SKEW_MS = 45 * 60_000;
/** Within a ticket's 256 KiB, far beyond what its error may be. */
const OVERSIZED_ERROR = 200 * 1024;
/** Zeros that a bomb unpacks to. */
const BOMB_BYTES = 256 * 1024 * 1024;

type Upload = BucketClient['upload'];
type Change = (ticket: StatusTicket) => StatusTicket;

/** The same signed ticket with something else in it, signed by the agent's own key. */
const rewritten = async (text: string, key: KeyObject, change: Change): Promise<string> => {
  const { payload } = parseSignedFile(text, 'a ticket of the pool', MAX_TICKET_BYTES);
  const ticket = change(parseJson(payload, 'a ticket of the pool', MAX_TICKET_BYTES) as StatusTicket);
  return signedFileText(await signAsAgent(ticket.__type__, JSON.stringify(ticket), key));
};

/** Ending of the file beside the honest one, from which a changed object is sent. */
const CHANGED = '.changed';

/**
 * What a bad agent sends instead of what an honest one would; its Startup is honest, so that it is known. The honest
 * agent around it notices nothing.
 */
export const misbehaving = (
  kind: Misbehaviour,
  identity: Identity,
  http: BucketClient,
  otherClient: () => string,
): BucketClient => {
  const { clientId, privateKey } = identity;
  let bomb: Buffer | undefined;
  let unasked: string | undefined;

  const sendChanged = async (
    text: string | Buffer,
    ...[policy, key, file, options]: Parameters<Upload>
  ): Promise<void> => {
    await writeFile(file + CHANGED, text);
    await http.upload(policy, key, file + CHANGED, options);
  };
  const resign = async (change: Change, ...args: Parameters<Upload>): Promise<void> =>
    sendChanged(await rewritten(await readFile(args[2], 'utf8'), privateKey, change), ...args);

  /** More than the store takes; when it says so, as much as it takes, in a field that has no such room. */
  const oversized = async (...args: Parameters<Upload>): Promise<void> => {
    try {
      await sendChanged(randomBytes(MAX_TICKET_BYTES + 1), ...args);
    } catch (error) {
      if (!(error instanceof UploadRefused)) throw error;
      await resign((t) => ({ ...t, error: 'x'.repeat(OVERSIZED_ERROR) }), ...args);
    }
  };

  const ticket = async (flowId: string, isFinal: boolean, ...args: Parameters<Upload>): Promise<void> => {
    const [policy, , file, options] = args;
    switch (kind) {
      case 'duplicate':
        await http.upload(...args);
        return http.upload(policy, keys.statusTicket(flowId, clientId, randomHex32(), 1), file, options);
      case 'forged-name': {
        // First in another's place, then in its own: both are signed with its own key.
        const name = otherClient();
        const forged = isFinal ? args[1] : keys.statusTicket(flowId, name, randomHex32(), 1);
        return resign((t) => ({ ...t, client_id: name }), policy, forged, file, options);
      }
      case 'forged-hash':
        return resign(
          (t) => ({ ...t, collections: t.collections.map((c) => ({ ...c, stored_bytes: c.stored_bytes + 1 })) }),
          ...args,
        );
      case 'gzip-bomb':
        return resign((t) => ({ ...t, collections: t.collections.map((c) => ({ ...c, ...bombFacts() })) }), ...args);
      case 'unasked-key':
        return resign(
          (t) => ({ ...t, collections: t.collections.map((c) => ({ ...c, key: unasked ?? c.key })) }),
          ...args,
        );
      case 'oversized':
        return oversized(...args);
      default:
        return http.upload(...args);
    }
  };

  const bombBytes = (): Buffer => (bomb ??= gzipSync(Buffer.alloc(BOMB_BYTES), { level: 9 }));
  const bombFacts = () => {
    const bytes = bombBytes();
    return {
      stored_bytes: bytes.length,
      stored_sha256: sha256Hex(bytes),
      content_bytes: 4096,
      content_sha256: '0'.repeat(64),
    };
  };

  return {
    fetchPublic: (...args) => http.fetchPublic(...args),
    async upload(...args) {
      const [policy, key, file, options] = args;
      const claimed = parseTicketKey(key);
      if (claimed?.kind === 'Startup') return http.upload(...args);
      if (claimed !== undefined) {
        const { payload } = parseSignedFile(await readFile(file, 'utf8'), key, MAX_TICKET_BYTES);
        const { state } = parseJson(payload, key, MAX_TICKET_BYTES) as StatusTicket;
        return ticket(claimed.flowId, state !== 'Started', ...args);
      }
      if (kind === 'gzip-bomb') return sendChanged(bombBytes(), ...args);
      await http.upload(...args);
      if (kind !== 'unasked-key') return;
      // Under the same grant, where no result of this flow belongs; its tickets name that one.
      unasked = `${policy.path_prefix}${randomHex32()}`;
      await http.upload(policy, unasked, file, options);
    },
  };
};
