import type { KeyObject } from 'node:crypto';
import type { S3Request } from '../http/s3-request.js';
import { S3Error } from '../s3-error.js';
import type { Identities, Principal } from './principal.js';
import {
  ALGORITHM,
  canonicalRequest,
  checkSignedHeaders,
  parseAmzDate,
  parseCredential,
  sameSecret,
  sign,
  SKEW,
  stringToSign,
  type Credential,
} from './sigv4.js';

const MAX_EXPIRES = 604_800;

/** What is needed to check the signatures of a body's chunks. */
export interface BodySigning {
  readonly key: KeyObject;
  readonly date: string;
  readonly scope: string;
  /** The signature of the request's head, which the first chunk's signature continues. */
  readonly seed: string;
}

/** Who sent a request, and how its body is covered. */
export interface Authenticated {
  readonly principal: Principal;
  /** `x-amz-content-sha256` as signed: a hash, `UNSIGNED-PAYLOAD` or `STREAMING-...`. */
  readonly payload: string;
  readonly signing?: BodySigning;
}

/** Checks signatures: SigV4 in the header or in the query. */
export class Authenticator {
  constructor(
    private current: Identities,
    private readonly region: string,
    private readonly now: () => number,
  ) {}

  /** Whose signatures are taken. */
  get identities(): Identities {
    return this.current;
  }

  /** From now on only these; what the former signed is refused. */
  replace(identities: Identities): void {
    this.current = identities;
  }

  /**
   * Who sent this request: anonymous when it carries no credentials, refused when they are wrong in any way.
   * @throws S3Error
   */
  authenticate(request: S3Request): Authenticated {
    const header = request.headers.get('authorization');
    const inQuery = request.query.has('X-Amz-Algorithm') || request.query.has('X-Amz-Signature');
    if (header !== undefined && inQuery)
      throw new S3Error('InvalidArgument', 'Only one authentication mechanism is allowed.');
    if (request.headers.has('x-amz-security-token') || request.query.has('X-Amz-Security-Token')) {
      throw new S3Error('InvalidToken', 'This server gives out no session tokens.');
    }
    if (header !== undefined) return this.byHeader(request, header);
    if (inQuery) return this.byQuery(request);
    if (request.query.has('AWSAccessKeyId') || request.query.has('Signature')) {
      throw new S3Error('InvalidRequest', 'Signature version 2 is not supported: use AWS4-HMAC-SHA256.');
    }
    return { principal: { kind: 'anonymous' }, payload: 'UNSIGNED-PAYLOAD' };
  }

  private byHeader(request: S3Request, header: string): Authenticated {
    const space = header.indexOf(' ');
    if (header.slice(0, space) !== ALGORITHM) {
      throw new S3Error('InvalidRequest', 'The authorization mechanism is not supported: use AWS4-HMAC-SHA256.');
    }
    const fields = new Map<string, string>();
    for (const part of header.slice(space + 1).split(',')) {
      const [name, ...value] = part.trim().split('=');
      fields.set(name ?? '', value.join('='));
    }
    const credential = parseCredential(fields.get('Credential') ?? '', this.region);
    const list = fields.get('SignedHeaders');
    const given = fields.get('Signature');
    if (credential === undefined || list === undefined || given === undefined || fields.size !== 3) {
      throw new S3Error('AuthorizationHeaderMalformed', this.scopeHelp(), { elements: { Region: this.region } });
    }
    const date = request.headers.get('x-amz-date');
    const time = date === undefined ? undefined : parseAmzDate(date);
    if (date === undefined || time === undefined) {
      throw new S3Error('AccessDenied', 'A signed request needs a valid x-amz-date header.');
    }
    if (Math.abs(this.now() - time) > SKEW) throw new S3Error('RequestTimeTooSkewed');
    const payload = request.headers.get('x-amz-content-sha256');
    if (payload === undefined) throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256.');
    return this.check({ request, credential, list, given, date, payload });
  }

  private byQuery(request: S3Request): Authenticated {
    const parameter = (name: string): string => {
      const value = request.query.get(name);
      if (value === undefined) throw new S3Error('AccessDenied', `The query parameter ${name} is missing.`);
      return value;
    };
    if (parameter('X-Amz-Algorithm') !== ALGORITHM)
      throw new S3Error('AccessDenied', 'X-Amz-Algorithm must be AWS4-HMAC-SHA256.');
    const credential = parseCredential(parameter('X-Amz-Credential'), this.region);
    if (credential === undefined) throw new S3Error('AccessDenied', this.scopeHelp());
    const date = parameter('X-Amz-Date');
    const time = parseAmzDate(date);
    if (time === undefined) throw new S3Error('AccessDenied', 'X-Amz-Date is not a time of the form yyyymmddThhmmssZ.');
    const expires = parameter('X-Amz-Expires');
    const seconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
    if (seconds < 1 || seconds > MAX_EXPIRES) {
      throw new S3Error('AccessDenied', 'X-Amz-Expires must be a whole number of seconds from 1 to 604800.');
    }
    if (time > this.now() + SKEW) throw new S3Error('AccessDenied', 'Request is not valid yet.');
    if (time + seconds * 1_000 < this.now()) {
      throw new S3Error('AccessDenied', 'Request has expired.', {
        elements: { Expires: new Date(time + seconds * 1_000).toISOString() },
      });
    }
    const payload = request.amz.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
    return this.check({
      request,
      credential,
      list: parameter('X-Amz-SignedHeaders'),
      given: parameter('X-Amz-Signature'),
      date,
      payload,
    });
  }

  private check(claim: {
    request: S3Request;
    credential: Credential;
    list: string;
    given: string;
    date: string;
    payload: string;
  }): Authenticated {
    const { request, credential, date, payload } = claim;
    const identity = this.identities.find(credential.accessKey);
    if (credential.day !== date.slice(0, 8))
      throw new S3Error('AccessDenied', 'The day of the credential is not that of the request.');
    const names = checkSignedHeaders(claim.list, request);
    const key = this.identities.signingKey(identity, credential.day);
    const text = stringToSign(date, credential.scope, canonicalRequest(request, names, payload));
    const seed = sign(key, text);
    if (!sameSecret(claim.given, seed)) throw new S3Error('SignatureDoesNotMatch');
    return { principal: identity.principal, payload, signing: { key, date, scope: credential.scope, seed } };
  }

  private scopeHelp(): string {
    return `The credential must be ACCESSKEY/yyyymmdd/${this.region}/s3/aws4_request.`;
  }
}
