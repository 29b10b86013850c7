import { describe, expect, it } from 'vitest';
import { checkPolicy, parsePolicy } from './post-policy.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
const policy = (conditions: unknown[], expiration = '2026-01-01T00:00:01.000Z'): string =>
  encode({ expiration, conditions });
const fields = (entries: Record<string, string>): Map<string, string> =>
  new Map(Object.entries({ policy: 'p', 'x-amz-signature': 's', ...entries }));
const check = (conditions: unknown[], entries: Record<string, string>): void =>
  checkPolicy(parsePolicy(policy(conditions)), fields(entries), 'bucket', NOW);

describe('parsePolicy', () => {
  it.each<[string, unknown]>([
    ['not base64', '***'],
    ['not JSON', Buffer.from('{').toString('base64')],
    ['no expiration', encode({ conditions: [] })],
    ['a name in other case', encode({ Expiration: '2026-01-01T00:00:00Z', conditions: [] })],
    ['no conditions', encode({ expiration: '2026-01-01T00:00:00Z' })],
    ['an expiration that is no time', encode({ expiration: 'soon', conditions: [] })],
    ['an empty condition', policy([{}])],
    ['two properties in one condition', policy([{ a: 'b', c: 'd' }])],
    ['an unknown operator', policy([['ends-with', '$key', 'x']])],
    ['a field without $', policy([['eq', 'key', 'x']])],
    ['a range without an end', policy([['content-length-range', 1]])],
    ['a range that is no number', policy([['content-length-range', -1, 5]])],
    ['a range from high to low', policy([['content-length-range', 5, 1]])],
  ])('refuses %s', (_what, text) => {
    expect(() => parsePolicy(String(text))).toThrow(expect.objectContaining({ code: 'InvalidPolicyDocument' }));
  });

  it('takes the narrowest of two ranges', () => {
    expect(
      parsePolicy(
        policy([
          ['content-length-range', 1, 10],
          ['content-length-range', '5', '20'],
        ]),
      ).size,
    ).toEqual({ min: 5, max: 10 });
  });
});

describe('checkPolicy', () => {
  it('passes what every condition allows', () => {
    check([{ bucket: 'bucket' }, ['starts-with', '$key', 'up/'], ['eq', '$x-amz-meta-a', '1'], { ACL: 'private' }], {
      key: 'up/x',
      'x-amz-meta-a': '1',
      acl: 'private',
      'x-ignore-this': 'anything',
    });
  });

  it.each<[string, unknown[], Record<string, string>, string]>([
    ['another bucket', [{ bucket: 'other' }, ['starts-with', '$key', '']], { key: 'k' }, 'bucket'],
    ['another value', [{ key: 'a' }], { key: 'b' }, '$key'],
    ['another beginning', [['starts-with', '$key', 'up/']], { key: 'upx' }, '$key'],
    ['a field that no condition names', [{ key: 'k' }], { key: 'k', 'x-amz-meta-evil': '1' }, 'x-amz-meta-evil'],
    ['a field that is required and missing', [{ key: 'k' }, { 'x-amz-meta-a': '1' }], { key: 'k' }, '$x-amz-meta-a'],
    [
      'one type of a list that is not allowed',
      [{ key: 'k' }, ['starts-with', '$Content-Type', 'image/']],
      { key: 'k', 'content-type': 'image/png,text/html' },
      'content-type',
    ],
  ])('refuses %s', (_what, conditions, entries, why) => {
    expect(() => check(conditions, entries)).toThrow(why);
  });

  it('ends with its expiration', () => {
    const parsed = parsePolicy(policy([{ key: 'k' }]));
    expect(() => checkPolicy(parsed, fields({ key: 'k' }), 'bucket', NOW + 1_000)).not.toThrow();
    expect(() => checkPolicy(parsed, fields({ key: 'k' }), 'bucket', NOW + 1_001)).toThrow('expired');
  });
});
