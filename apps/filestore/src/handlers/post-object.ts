import { checkPolicy, parsePolicy, type FormFields } from '../auth/post-policy.js';
import { requireAccess, type Principal } from '../auth/principal.js';
import { ALGORITHM, parseAmzDate, parseCredential, sameSecret, sign, SKEW } from '../auth/sigv4.js';
import { isValidUtf8, toBytes, uriEncode } from '../bytes.js';
import { contentLength } from '../http/body.js';
import { startChecksum } from '../http/checksums.js';
import { sendEmpty, sendXml, type Exchange, type Services } from '../http/exchange.js';
import { readForm } from '../http/form.js';
import { givenMeta } from '../http/given-meta.js';
import { claimedChecksum, MAX_OBJECT_BYTES } from '../http/receive.js';
import { S3Error } from '../s3-error.js';
import { element } from '../xml.js';
import { commit, writtenHeaders } from './commit.js';

/** A policy signed on a day is worth nothing a week later: SigV4's own limit. */
const MAX_AGE = 7 * 86_400_000;

const SIGNATURE_FIELDS = new Set(['x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-signature']);

function required(fields: FormFields, name: string): string {
  const value = fields.get(name);
  if (value !== undefined) return value;
  throw new S3Error('InvalidArgument', `Bucket POST must contain a field named '${name}' before the file.`, {
    elements: { ArgumentName: name },
  });
}

/** Who signed the form's policy. @throws S3Error */
function authenticateForm({ authenticator, region, now }: Services, fields: FormFields): Principal {
  const policy = fields.get('policy');
  if (policy === undefined) throw new S3Error('AccessDenied', 'A POST needs a signed policy.');
  if (fields.has('x-amz-security-token')) throw new S3Error('InvalidToken', 'This server gives out no session tokens.');
  const signature = required(fields, 'x-amz-signature');
  if (required(fields, 'x-amz-algorithm') !== ALGORITHM) {
    throw new S3Error('InvalidArgument', 'x-amz-algorithm must be AWS4-HMAC-SHA256.');
  }
  const credential = parseCredential(required(fields, 'x-amz-credential'), region);
  const date = required(fields, 'x-amz-date');
  const time = parseAmzDate(date);
  if (credential === undefined || time === undefined || credential.day !== date.slice(0, 8)) {
    throw new S3Error(
      'AccessDenied',
      `x-amz-credential must be ACCESSKEY/yyyymmdd/${region}/s3/aws4_request of x-amz-date.`,
    );
  }
  if (time > now() + SKEW || time + MAX_AGE < now())
    throw new S3Error('AccessDenied', 'x-amz-date is not of the last 7 days.');
  const identity = authenticator.identities.find(credential.accessKey);
  if (!sameSecret(signature, sign(authenticator.identities.signingKey(identity, credential.day), policy))) {
    throw new S3Error('SignatureDoesNotMatch');
  }
  return identity.principal;
}

function amzFields(fields: FormFields): Map<string, string> {
  const amz = new Map<string, string>();
  for (const [name, value] of fields) {
    if (name.startsWith('x-amz-') && !SIGNATURE_FIELDS.has(name)) amz.set(name, toBytes(value));
  }
  const acl = fields.get('acl');
  if (acl !== undefined) amz.set('x-amz-acl', acl);
  if (fields.has('tagging')) amz.set('x-amz-tagging', '');
  return amz;
}

/**
 * POST Object: a form whose signed policy says what may be sent. Nothing is visible before the whole form has come and
 * every condition holds.
 */
export async function postObject(services: Services, exchange: Exchange): Promise<void> {
  const form = await readForm(exchange);
  const fields = new Map(form.fields);
  const keyText = required(fields, 'key').replaceAll('${filename}', () => form.filename);
  fields.set('key', keyText);
  const principal = authenticateForm(services, fields);
  const policy = parsePolicy(required(fields, 'policy'));
  checkPolicy(policy, fields, services.bucket, services.now());
  const key = toBytes(keyText);
  if (key === '') throw new S3Error('InvalidArgument', 'User key must have a length greater than 0.');
  if (key.length > 1_024) throw new S3Error('KeyTooLongError');
  if (keyText.includes('\ufffd') && !isValidUtf8(key)) throw new S3Error('InvalidURI');
  requireAccess(principal, 'write', key, services.publicPrefix);
  const amz = amzFields(fields);
  const latin = new Map([...fields].map(([name, value]) => [name, toBytes(value)]));
  const given = givenMeta(latin, amz);
  const claim = claimedChecksum(amz);
  const running = claim === undefined ? undefined : startChecksum(claim.algorithm);
  const max = Math.min(policy.size?.max ?? MAX_OBJECT_BYTES, MAX_OBJECT_BYTES);
  if (principal.kind === 'upload') await services.quotas.admit(key, policy.size?.min ?? 0);
  const incoming = services.store.incoming(contentLength(exchange.message));
  try {
    for await (const chunk of form.content) {
      if (incoming.size + chunk.length > max) throw tooLarge(max);
      running?.update(chunk);
      await incoming.write(chunk);
    }
    const min = policy.size?.min ?? 0;
    if (incoming.size < min) {
      throw new S3Error('EntityTooSmall', undefined, {
        elements: { MinSizeAllowed: String(min), ProposedSize: String(incoming.size) },
      });
    }
    const computed = running?.digest();
    if (claim?.value !== computed) throw new S3Error('BadDigest');
    const checksum =
      claim === undefined || computed === undefined
        ? {}
        : { checksum: { algorithm: claim.algorithm, value: computed } };
    const meta = await commit(services, principal, {
      key,
      incoming,
      condition: { onlyNew: false, ifMatch: undefined },
      given: { etag: (await incoming.digest()).toString('hex'), ...given, ...checksum },
    });
    const location = `${exchange.origin}/${services.bucket}/${uriEncode(key, true)}`;
    answer(exchange, services.bucket, fields, {
      location,
      key: keyText,
      etag: `"${meta.etag}"`,
      headers: writtenHeaders(meta),
    });
  } finally {
    await incoming.discard();
  }
}

function tooLarge(max: number): S3Error {
  return new S3Error('EntityTooLarge', undefined, { elements: { MaxSizeAllowed: String(max) } });
}

interface Written {
  readonly location: string;
  readonly key: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

function answer(
  { response }: Exchange,
  bucket: string,
  fields: FormFields,
  { location, key, etag, headers }: Written,
): void {
  const redirect = redirectTarget(fields.get('success_action_redirect') ?? fields.get('redirect'));
  if (redirect !== undefined) {
    for (const [name, value] of Object.entries({ bucket, key, etag })) redirect.searchParams.append(name, value);
    sendEmpty(response, 303, { ...headers, Location: redirect.href });
    return;
  }
  switch (fields.get('success_action_status')) {
    case '200':
      sendEmpty(response, 200, { ...headers, Location: location });
      return;
    case '201': {
      const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>${element('Location', location)}${element('Bucket', bucket)}${element('Key', key)}${element('ETag', etag)}</PostResponse>`;
      sendXml(response, 201, xml, { ...headers, Location: location });
      return;
    }
    default:
      sendEmpty(response, 204, { ...headers, Location: location });
  }
}

/** Where the browser is sent afterwards; undefined for none and for what is no web address (ignored, as on S3). */
function redirectTarget(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}
