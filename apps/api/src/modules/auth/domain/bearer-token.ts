import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * `T_<16 hex>.<secret>` (an API token) or `R_<16 hex>.<secret>` (a refresh token): the id is public and found in audit
 * and lists, the secret is shown once and kept as a hash.
 */
const FORM = /^([TR]_[0-9a-f]{16})\.([A-Za-z0-9_-]{43})$/;

export interface BearerToken {
  id: string;
  secret: string;
}

export const newSecret = (): string => randomBytes(32).toString('base64url');

export const formatToken = (token: BearerToken): string => `${token.id}.${token.secret}`;

/** Parses a token of a kind; undefined when it is not one of ours. */
export const parseToken = (kind: 'T' | 'R', text: string): BearerToken | undefined => {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id?.startsWith(`${kind}_`) === true && secret !== undefined ? { id, secret } : undefined;
};

/** 256 random bits need no slow hash. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares in constant time. */
export const secretMatches = (secret: string, hash: string): boolean => {
  const a = Buffer.from(hashSecret(secret), 'hex');
  const b = Buffer.from(hash, 'hex');
  return a.length === b.length && timingSafeEqual(a, b);
};
