import { createHash } from 'node:crypto';
import type { BodySigning } from '../auth/authenticate.js';
import { sameSecret, sha256Hex, sign } from '../auth/sigv4.js';
import { S3Error } from '../s3-error.js';
import { ByteReader } from './byte-reader.js';

const EMPTY_SHA256 = sha256Hex('');
const MAX_TRAILERS = 16;

/** How a body of chunks is framed and covered. */
export interface ChunkedBody {
  /** Set where each chunk carries a signature. */
  readonly signing: BodySigning | undefined;
  /** Set where trailers follow the last chunk. */
  readonly trailer: boolean;
}

/**
 * How a `STREAMING-...` value of `x-amz-content-sha256` frames the body; undefined for other values.
 * @throws S3Error NotImplemented for a kind that is not built
 */
export function chunkedBody(payload: string, signing: BodySigning | undefined): ChunkedBody | undefined {
  switch (payload) {
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { signing: undefined, trailer: true };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { signing, trailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { signing, trailer: true };
    default:
      if (payload.startsWith('STREAMING-')) throw new S3Error('NotImplemented', `${payload} is not implemented.`);
      return undefined;
  }
}

function parseChunkHeader(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (match === null) throw new S3Error('InvalidRequest', 'A chunk header is malformed.');
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] };
}

/**
 * Decodes an aws-chunked body; what is yielded may be used only after the end was reached without an error, because a
 * chunk's signature follows from its whole content.
 * @param trailers receives the trailers (names in lower case)
 * @throws S3Error
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  { signing, trailer }: ChunkedBody,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  let previous = signing?.seed ?? '';
  const verify = (kind: 'PAYLOAD' | 'TRAILER', parts: readonly string[], given: string | undefined): void => {
    if (signing === undefined) return;
    const text = [`AWS4-HMAC-SHA256-${kind}`, signing.date, signing.scope, previous, ...parts].join('\n');
    const expected = sign(signing.key, text);
    if (given === undefined || !sameSecret(given, expected)) {
      throw new S3Error('SignatureDoesNotMatch', 'The signature of a chunk does not match.');
    }
    previous = expected;
  };
  for (;;) {
    const { size, signature } = parseChunkHeader(await reader.line());
    const hash = createHash('sha256');
    for await (const piece of reader.take(size)) {
      if (signing !== undefined) hash.update(piece);
      yield piece;
    }
    verify('PAYLOAD', [EMPTY_SHA256, hash.digest('hex')], signature);
    if (size === 0) break;
    if ((await reader.line()) !== '') throw new S3Error('InvalidRequest', 'A chunk is longer than it says.');
  }
  if (trailer) await readTrailers(reader, trailers, verify);
  else if ((await reader.line()) !== '') throw new S3Error('InvalidRequest', 'Unexpected trailers.');
  if (!(await reader.atEnd())) throw new S3Error('InvalidRequest', 'There is more after the last chunk.');
}

async function readTrailers(
  reader: ByteReader,
  trailers: Map<string, string>,
  verify: (kind: 'TRAILER', parts: readonly string[], given: string | undefined) => void,
): Promise<void> {
  let signature: string | undefined;
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const at = line.indexOf(':');
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (at < 1 || trailers.has(name) || trailers.size >= MAX_TRAILERS) {
      throw new S3Error('InvalidRequest', 'A trailer is malformed.');
    }
    if (name === 'x-amz-trailer-signature') signature = value;
    else trailers.set(name, value);
  }
  const canonical = [...trailers]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  verify('TRAILER', [sha256Hex(canonical)], signature);
}
