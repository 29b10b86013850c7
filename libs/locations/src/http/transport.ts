import type { Dispatcher } from 'undici';
import { LocationError, TooLarge } from '../errors.js';
import { parseHttpDate } from './http-date.js';

/** The headers of an answer: lower-case names. */
export type AnswerHeaders = Dispatcher.ResponseData['headers'];

const NODE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'EADDRNOTAVAIL',
  'EPROTO',
]);

/** These are also files' codes: only a connection's are the network's. */
const CONNECT_ONLY_CODES = new Set(['EACCES', 'EPERM', 'EINVAL']);

const UNDICI_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_INFO',
  'UND_ERR_PRX_TLS',
  'UND_ERR_PRX_CONN',
  'UND_ERR_ABORTED', // a proxy that refuses CONNECT; an abort by the caller is the signal's reason instead
]);

/** Node's and OpenSSL's names for a certificate or a handshake that was not accepted. */
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA|PATH_LENGTH_|HOSTNAME_)/;

const codeOf = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TimeoutError') return 'TIMEOUT';
  if (error.name === 'HTTPParserError') return 'NOT_HTTP';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
};

/** True when the failure is a certificate's or a handshake's: no repetition helps. */
export const isTlsFailure = (code: string): boolean => TLS_CODE.test(code);

/**
 * The code of a failure of the connection or of the peer's HTTP; undefined when it is something else (a fault of ours, an abort by the
 * caller), which must not be taken for the network's.
 */
export const transportFailure = (error: unknown): string | undefined => {
  const code = error instanceof LocationError ? undefined : codeOf(error);
  if (code === undefined) return undefined;
  if (
    code === 'TIMEOUT' ||
    code === 'NOT_HTTP' ||
    NODE_CODES.has(code) ||
    UNDICI_CODES.has(code) ||
    TLS_CODE.test(code)
  )
    return code;
  if (CONNECT_ONLY_CODES.has(code) && (error as { syscall?: unknown }).syscall === 'connect') return code;
  return undefined;
};

/** What to say of a transport failure's cause. */
export const describeFailure = (code: string, error: unknown): string => {
  const text = error instanceof Error && error.message !== '' ? error.message : 'no details';
  return text.includes(code) ? text : `${text} (${code})`;
};

/** A header's value when it is there exactly once. */
export const headerOf = (headers: AnswerHeaders, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/** The answer's `Date`, when it has a readable one. */
export const dateOf = (headers: AnswerHeaders, name = 'date'): Date | undefined =>
  parseHttpDate(headerOf(headers, name));

/** A response body as far as these helpers need it. */
export interface Body extends AsyncIterable<unknown> {
  on(event: 'error', listener: (error: Error) => void): unknown;
  destroy(error?: Error): unknown;
}

/** Leaves a body unread: closes its connection. The error that this makes in the body is our own doing. */
export const discard = (body: Body): void => {
  body.on('error', () => undefined);
  body.destroy();
};

/**
 * Reads a body of at most `maxBytes`; a longer one is cut off (the connection is closed) and throws TooLarge.
 * `what` names the object in the message.
 */
export const readLimited = async (
  body: Body,
  headers: AnswerHeaders,
  maxBytes: number,
  what: string,
): Promise<Buffer> => {
  const tooLarge = (size: string): TooLarge =>
    new TooLarge(`${what} has ${size} bytes, the limit is ${maxBytes}: nothing of it is used`, maxBytes);
  const announced = Number(headerOf(headers, 'content-length') ?? '0');
  if (announced > maxBytes) {
    discard(body);
    throw tooLarge(String(announced));
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > maxBytes) throw tooLarge(`more than ${size - 1}`); // leaving the loop destroys the body
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size);
};

/** Error pages are read up to this many bytes. */
const MAX_ERROR_BYTES = 16_384;

/** S3's error answer: `<Error><Code>..</Code><Message>..</Message></Error>`; empty strings when the body is something else. */
export interface S3ErrorText {
  code: string;
  message: string;
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);

/** Reads the start of an error page; longer ones are cut off. */
export const readS3Error = async (body: Body): Promise<S3ErrorText> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= MAX_ERROR_BYTES) break;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    code: /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? '',
    message: printable(/<Message>([^<]{1,500})<\/Message>/.exec(text)?.[1] ?? ''),
  };
};
