import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

const hex16 = '[0-9a-f]{16}';

/** `C.` + 16 hex digits: the first 8 bytes of SHA-256 over the DER public key of the agent. A name, not an identity. */
export const ClientId = z.string().regex(new RegExp(`^C\\.${hex16}$`), 'a client id is C. and 16 hex digits');
/** `F_` + 16 hex digits: a flow on one client. */
export const FlowOnlyId = z.string().regex(new RegExp(`^F_${hex16}$`), 'a flow id is F_ and 16 hex digits');
/** `H_` + 16 hex digits: a hunt. */
export const HuntId = z.string().regex(new RegExp(`^H_${hex16}$`), 'a hunt id is H_ and 16 hex digits');
/** A flow or a hunt. */
export const FlowId = z.string().regex(new RegExp(`^[FH]_${hex16}$`), 'an id is F_ or H_ and 16 hex digits');
/** 32 hex digits: a queue name, the public secret, the nonce that ends every key an agent writes. */
export const Hex32 = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits');
/** A SHA-256 in hex. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
/** The label pattern of people and of claims; `All` is reserved for every client. */
export const Label = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, 'a label is a letter and up to 63 of A-Z a-z 0-9 _ . -');
/** RFC 3339 UTC with exactly three decimals, as every time in a signed file: so texts compare as the times they are. */
export const Instant = z.iso.datetime({ precision: 3, message: 'expected an RFC 3339 time in UTC with milliseconds' });

/** The label of every client. */
export const ALL_LABEL = 'All';

export const isHuntId = (id: string): boolean => HuntId.safeParse(id).success;

/** SHA-256 of bytes or of a UTF-8 text, as lower-case hex. */
export const sha256Hex = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

/** A fresh 128-bit random name: 32 hex digits. */
export const randomHex32 = (): string => randomBytes(16).toString('hex');

const randomId = (prefix: string): string => prefix + randomBytes(8).toString('hex');
export const newFlowId = (): string => randomId('F_');
export const newHuntId = (): string => randomId('H_');
export const newFileId = (): string => randomId('FI_');
export const newCollectionId = (): string => randomId('CL_');
export const newTokenId = (): string => randomId('T_');

/** The full SHA-256 over the DER (SPKI) public key: the identity that is pinned at first sight. */
export const identityOf = (publicKeyDer: Uint8Array): string => sha256Hex(publicKeyDer);

/** The client id of an identity. */
export const clientIdOf = (identity: string): string => `C.${identity.slice(0, 16)}`;

/**
 * Where a client stands in a hunt's sample: the first 8 bytes of SHA-256(flow id + client id), as 16 hex digits.
 * Hex digits of one length compare as the numbers they are.
 */
export const samplePosition = (flowId: string, clientId: string): string => sha256Hex(flowId + clientId).slice(0, 16);
