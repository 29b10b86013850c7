import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { parseRequest as parse, type S3Request } from '../http/s3-request.js';
import { Authenticator } from './authenticate.js';
import { Identities } from './principal.js';
import { canonicalRequest, parseAmzDate, sign, stringToSign } from './sigv4.js';

/**
 * The examples that AWS publishes with their signatures: "Signature Calculations for the Authorization Header:
 * Transferring Payload in a Single Chunk" and "Authenticating Requests: Using Query Parameters".
 */
const EXAMPLE = {
  accessKey: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  principal: { kind: 'service' },
} as const;
const AT = Date.parse('2013-05-24T00:00:00Z');
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const HOST = 'examplebucket.s3.amazonaws.com';

function message(method: string, url: string, headers: Record<string, string>): IncomingMessage {
  return { method, url, rawHeaders: Object.entries(headers).flat() } as unknown as IncomingMessage;
}

/** AWS's examples name the bucket by the host. */
const parseRequest = (request: IncomingMessage): S3Request =>
  parse(request, { bucket: 'examplebucket', domains: ['s3.amazonaws.com'] });

function authenticator(now = AT): Authenticator {
  return new Authenticator(new Identities([EXAMPLE], 'us-east-1'), 'us-east-1', () => now);
}

function signed(method: string, url: string, headers: Record<string, string>, names: string, signature: string) {
  return message(method, url, {
    ...headers,
    Authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`,
  });
}

describe('AWS published signatures', () => {
  const get = signed(
    'GET',
    '/test.txt',
    { Host: HOST, Range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' },
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );

  it('GET Object', () => {
    expect(authenticator().authenticate(parseRequest(get)).principal.kind).toBe('service');
  });

  it('PUT Object, a key that must be encoded', () => {
    const put = signed(
      'PUT',
      '/test$file.text',
      {
        Date: 'Fri, 24 May 2013 00:00:00 GMT',
        Host: HOST,
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'x-amz-date': '20130524T000000Z',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
    expect(authenticator().authenticate(parseRequest(put)).principal.kind).toBe('service');
  });

  it('GET Bucket Lifecycle, a query parameter without a value', () => {
    const lifecycle = signed(
      'GET',
      '/?lifecycle',
      { Host: HOST, 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' },
      'host;x-amz-content-sha256;x-amz-date',
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
    expect(authenticator().authenticate(parseRequest(lifecycle)).principal.kind).toBe('service');
  });

  it('Get Bucket (List Objects), a sorted query', () => {
    const list = signed(
      'GET',
      '/?prefix=J&max-keys=2',
      { Host: HOST, 'x-amz-content-sha256': EMPTY, 'x-amz-date': '20130524T000000Z' },
      'host;x-amz-content-sha256;x-amz-date',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
    expect(authenticator().authenticate(parseRequest(list)).principal.kind).toBe('service');
  });

  const presigned = (expires: string): IncomingMessage =>
    message(
      'GET',
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
        `&X-Amz-Date=20130524T000000Z&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=host` +
        '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      { Host: HOST },
    );

  it('a pre-signed URL, until its last second', () => {
    expect(authenticator().authenticate(parseRequest(presigned('86400'))).principal.kind).toBe('service');
    expect(authenticator(AT + 86_400_000).authenticate(parseRequest(presigned('86400'))).principal.kind).toBe(
      'service',
    );
    expect(() => authenticator(AT + 86_400_001).authenticate(parseRequest(presigned('86400')))).toThrow('expired');
    expect(() => authenticator(AT - 15 * 60_000 - 1).authenticate(parseRequest(presigned('86400')))).toThrow(
      'not valid yet',
    );
  });

  it.each(['0', '604801', '-1', '1.5', '1e3', '', '0x10'])('refuses X-Amz-Expires %j', (expires) => {
    expect(() => authenticator().authenticate(parseRequest(presigned(expires)))).toThrow('whole number of seconds');
  });

  it('refuses a signed header time 15 minutes off, either way', () => {
    expect(authenticator(AT + 900_000).authenticate(parseRequest(get)).principal.kind).toBe('service');
    expect(() => authenticator(AT + 900_001).authenticate(parseRequest(get))).toThrow('too large');
    expect(() => authenticator(AT - 900_001).authenticate(parseRequest(get))).toThrow('too large');
  });
});

describe('canonicalRequest', () => {
  it('sorts by encoded name, collapses spaces in values, keeps the dots of a path', () => {
    const request = parseRequest(
      message('GET', '/b/../x%20y/%C3%A9?b=2&a=%20&A=1&b%2D=3', { Host: 'h', 'X-Amz-Meta-A': '  two   spaces ' }),
    );
    expect(canonicalRequest(request, ['host', 'x-amz-meta-a'], 'P')).toBe(
      'GET\n/b/../x%20y/%C3%A9\nA=1&a=%20&b=2&b-=3\nhost:h\nx-amz-meta-a:two spaces\n\nhost;x-amz-meta-a\nP',
    );
  });

  it('makes another string to sign of another method', () => {
    const of = (method: string): string =>
      stringToSign('d', 's', canonicalRequest(parseRequest(message(method, '/b/k', { Host: 'h' })), ['host'], 'P'));
    expect(sign(Buffer.from('k'), of('GET'))).not.toBe(sign(Buffer.from('k'), of('PUT')));
  });
});

describe('parseAmzDate', () => {
  it('takes real times only', () => {
    expect(parseAmzDate('20240229T235959Z')).toBe(Date.UTC(2024, 1, 29, 23, 59, 59));
    for (const text of ['20230229T000000Z', '20240101T240000Z', '20240101T000000', '2024-01-01T00:00:00Z', '']) {
      expect(parseAmzDate(text)).toBeUndefined();
    }
  });
});
