import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { toBytes, toText, type ByteString } from '../bytes.js';
import { S3Error } from '../s3-error.js';

/** Who asks. */
export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'service' }
  | { readonly kind: 'upload'; readonly mayWrite: (key: ByteString) => boolean };

/** A key pair and what it is for. */
export interface Identity {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly principal: Principal;
}

/** What a request wants to do. */
export type Action = 'read' | 'write' | 'delete' | 'bucket';

/**
 * Turns a prefix pattern into a test of keys: `*` stands for one or more bytes other than `/`; the key must go on after
 * the prefix.
 */
export function prefixMatcher(pattern: string): (key: ByteString) => string | undefined {
  const source = toBytes(pattern)
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^/]+');
  const expression = new RegExp(`^(${source})[^]`);
  return (key) => expression.exec(key)?.[1];
}

/** The principal that may put under these prefixes and nothing else. */
export function uploadPrincipal(patterns: readonly string[]): Principal {
  const matchers = patterns.map(prefixMatcher);
  return { kind: 'upload', mayWrite: (key) => matchers.some((matches) => matches(key) !== undefined) };
}

/** Access keys of this server. */
export class Identities {
  private readonly byAccessKey: ReadonlyMap<string, Identity>;
  private readonly signingKeys = new Map<string, KeyObject>();

  constructor(
    identities: readonly Identity[],
    private readonly region: string,
  ) {
    this.byAccessKey = new Map(identities.map((identity) => [identity.accessKey, identity]));
  }

  /** @throws S3Error InvalidAccessKeyId */
  find(accessKey: string): Identity {
    const identity = this.byAccessKey.get(accessKey);
    if (identity === undefined) throw new S3Error('InvalidAccessKeyId');
    return identity;
  }

  /** SigV4's derived key of one day (`yyyymmdd`). */
  signingKey(identity: Identity, day: string): KeyObject {
    const name = `${day} ${identity.accessKey}`;
    const known = this.signingKeys.get(name);
    if (known !== undefined) return known;
    let bytes = createHmac('sha256', `AWS4${identity.secretKey}`).update(day).digest();
    for (const part of [this.region, 's3', 'aws4_request']) bytes = createHmac('sha256', bytes).update(part).digest();
    const key = createSecretKey(bytes); // much faster to sign with than its bytes
    if (this.signingKeys.size > 64) this.signingKeys.clear();
    this.signingKeys.set(name, key);
    return key;
  }
}

/**
 * The one place that decides who may do what.
 * @param publicPrefix keys that anyone may read begin so
 * @throws S3Error AccessDenied
 */
export function requireAccess(principal: Principal, action: Action, key: ByteString, publicPrefix: ByteString): void {
  switch (principal.kind) {
    case 'service':
      return;
    case 'upload':
      if (action === 'write' && principal.mayWrite(key)) return;
      throw new S3Error(
        'AccessDenied',
        `This access key may only put objects under its prefixes, not ${describe(key)}.`,
      );
    case 'anonymous':
      if (action === 'read' && publicPrefix !== '' && key.startsWith(publicPrefix)) return;
      throw new S3Error('AccessDenied');
  }
}

function describe(key: ByteString): string {
  return key === '' ? 'use the bucket' : `"${toText(key)}" this way`;
}
