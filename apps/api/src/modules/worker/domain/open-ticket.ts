import {
  MAX_TICKET_BYTES,
  parseTicketKey,
  type QuarantineReason,
  readTicket,
  Refusal,
  type RefusalCode,
  type Ticket,
  type TicketKey,
} from '#wire';
import type { Fault, OpenedTicket, StoredTicket } from './stored-ticket.js';

/** Each refusal of the wire as a reason that people see. A new code does not compile until it is here. */
const REASONS: Record<RefusalCode, QuarantineReason> = {
  'not-json': 'not_json',
  'too-large': 'too_large',
  'too-deep': 'malformed',
  schema: 'malformed',
  'bad-key': 'foreign_key',
  'jws-malformed': 'malformed',
  'jws-algorithm': 'bad_signature',
  'jws-crit': 'bad_signature',
  'jws-typ': 'bad_signature',
  'jws-signature': 'bad_signature',
  'cert-malformed': 'bad_signature',
  'cert-issuer': 'bad_signature',
  'cert-ca-as-leaf': 'bad_signature',
  'cert-usage': 'bad_signature',
  'cert-not-yet-valid': 'bad_signature',
  'cert-expired': 'bad_signature',
  'trust-missing-leaf': 'bad_signature',
  'trust-epoch': 'bad_signature',
  deployment: 'malformed',
  'other-queue': 'malformed',
  'lower-version': 'malformed',
  'same-version-other-bytes': 'malformed',
  identity: 'bad_signature',
  digest: 'digest_mismatch',
  'flow-expired': 'malformed',
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text; undefined when they are not UTF-8. */
export const textOf = (body: Uint8Array): string | undefined => {
  try {
    return utf8.decode(body);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
};

const pathDiffers = (path: TicketKey, ticket: Ticket): string | undefined => {
  if (ticket.client_id !== path.clientId) return `the ticket is of ${ticket.client_id}`;
  if (ticket.nonce !== path.nonce || ticket.seq !== path.seq)
    return 'nonce or sequence number are those of another key';
  if (ticket.__type__ === 'Startup' || path.kind === 'Startup') return undefined; // both are: the signature's typ
  return ticket.flow_id === path.flowId ? undefined : `the ticket is about ${ticket.flow_id}`;
};

/**
 * Judges a ticket as far as it goes without a database: key, size, encoding, signature, shape, keys that it names, and
 * path against content. Never throws for what an agent can send.
 */
export const openTicket = async (stored: StoredTicket): Promise<OpenedTicket> => {
  const path = parseTicketKey(stored.key);
  const faulty = (fault: Fault): OpenedTicket => ({ stored, path, fault });
  if (path === undefined)
    return faulty({ reason: 'bad_key', detail: 'the key is none that an agent of this version writes' });
  if (stored.body === undefined)
    return faulty({ reason: 'too_large', detail: `${stored.size} bytes; the limit is ${MAX_TICKET_BYTES}` });
  const text = textOf(stored.body);
  if (text === undefined) return faulty({ reason: 'not_json', detail: 'the ticket is not UTF-8' });
  try {
    const { ticket, identity } = await readTicket(text, path.kind);
    const differs = pathDiffers(path, ticket);
    if (differs !== undefined) return faulty({ reason: 'path_mismatch', detail: differs });
    return { stored, path, ticket, identity };
  } catch (error) {
    if (error instanceof Refusal) return faulty({ reason: REASONS[error.code], detail: error.message });
    throw error;
  }
};
