import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Identities } from '../auth/principal.js';
import { chunkedBody, decodeAwsChunked, type ChunkedBody } from './aws-chunked.js';

/** The example that AWS publishes: "Transferring Payload in Multiple Chunks (Chunked Upload)". */
const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
const CHUNK_1 = 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648';
const CHUNK_2 = '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497';
const CHUNK_3 = 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9';

const identity = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  principal: { kind: 'service' },
} as const;
const signing = {
  key: new Identities([identity], 'us-east-1').signingKey(identity, '20130524'),
  date: '20130524T000000Z',
  scope: '20130524/us-east-1/s3/aws4_request',
  seed: SEED,
};

const signedBody = (first = CHUNK_1, last = CHUNK_3, letter = 'a'): string =>
  `10000;chunk-signature=${first}\r\n${'a'.repeat(65_536)}\r\n` +
  `400;chunk-signature=${CHUNK_2}\r\n${letter.repeat(1_024)}\r\n0;chunk-signature=${last}\r\n\r\n`;

async function decode(
  body: string,
  how: ChunkedBody,
  piece = 1_000,
): Promise<{ text: string; trailers: Map<string, string> }> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += piece) pieces.push(Buffer.from(body.slice(at, at + piece), 'latin1'));
  const trailers = new Map<string, string>();
  const out: Buffer[] = [];
  for await (const chunk of decodeAwsChunked(Readable.from(pieces), how, trailers)) out.push(chunk);
  return { text: Buffer.concat(out).toString('latin1'), trailers };
}

describe('decodeAwsChunked', () => {
  const signed = { signing, trailer: false };
  const unsigned = { signing: undefined, trailer: true };

  it('accepts the published example, however it is cut', async () => {
    for (const piece of [7, 1_000, 100_000]) {
      expect((await decode(signedBody(), signed, piece)).text).toBe('a'.repeat(66_560));
    }
  });

  it('refuses a broken chunk signature, content that was changed, and a forged end', async () => {
    await expect(decode(signedBody(CHUNK_2), signed)).rejects.toThrow('signature of a chunk');
    await expect(decode(signedBody(CHUNK_1, CHUNK_3, 'b'), signed)).rejects.toThrow('signature of a chunk');
    await expect(decode(signedBody(CHUNK_1, CHUNK_1), signed)).rejects.toThrow('signature of a chunk');
    await expect(decode('0\r\n\r\n', signed)).rejects.toThrow('signature of a chunk');
  });

  it('reads unsigned chunks and trailers', async () => {
    const { text, trailers } = await decode('5\r\nhello\r\n0\r\nX-Amz-Checksum-Crc32:NhCmhg==\r\n\r\n', unsigned, 1);
    expect(text).toBe('hello');
    expect([...trailers]).toEqual([['x-amz-checksum-crc32', 'NhCmhg==']]);
  });

  it.each([
    ['5\r\nhello', 'Content-Length'],
    ['5\r\nhelloworld\r\n0\r\n\r\n', 'longer'],
    ['zz\r\n', 'malformed'],
    ['-5\r\n', 'malformed'],
    ['5;chunk-signature=short\r\n', 'malformed'],
    ['0\r\n\r\nmore', 'after the last chunk'],
    ['0\r\nno colon\r\n\r\n', 'trailer'],
    [`${'0'.repeat(5_000)}\r\n`, 'too long'],
  ])('refuses %j', async (body, why) => {
    await expect(decode(body, unsigned)).rejects.toThrow(why);
  });
});

describe('chunkedBody', () => {
  it('knows which kinds are built', () => {
    expect(chunkedBody('UNSIGNED-PAYLOAD', signing)).toBeUndefined();
    expect(chunkedBody('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', signing)).toEqual({ signing, trailer: false });
    expect(() => chunkedBody('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', signing)).toThrow('not implemented');
  });
});
