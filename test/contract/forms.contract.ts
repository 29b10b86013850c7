import type { PresignedPostOptions } from '@aws-sdk/s3-presigned-post';
import { describe, expect, it } from 'vitest';
import { errorCode, postForm, presignPost, refusal } from './client.js';
import type { ContractStore } from './contract-store.js';

/** POST forms with a signed policy. */
export function formsContract(store: ContractStore): void {
  const { key, get } = store;

  describe('POST forms', () => {
    const grant = (options: Partial<PresignedPostOptions> = {}) =>
      presignPost(store.client, {
        Bucket: store.target.bucket,
        Key: key('f/${filename}'),
        Conditions: [
          ['starts-with', '$key', key('f/')],
          ['content-length-range', 2, 10],
        ],
        Expires: 60,
        ...options,
      });

    it('what the policy allows is stored under the key with ${filename} replaced: 204 [AWS API POST Object]', async () => {
      const { url, fields } = await grant();
      const answer = await postForm(url, { ...fields, key: key('f/x-${filename}') }, 'hello');
      expect(answer.status).toBe(204);
      const etag = store.engine === 'ceph-16' ? null : '"5d41402abc4b2a76b9719d911017c592"'; // Ceph 16 does not say it
      expect(answer.headers.get('etag')).toBe(etag);
      expect(await get('f/x-file name.bin')).toBe('hello');
    });

    it.each([
      ['200', 200],
      ['201', 201],
      ['204', 204],
      ['418', 204],
    ])('success_action_status %s: %i [AWS API POST Object]', async (asked, status) => {
      const { url, fields } = await grant({ Fields: { success_action_status: asked } });
      const answer = await postForm(url, fields, 'hello');
      expect(answer.status).toBe(status);
      if (status === 201) expect(await answer.text()).toContain(`<Key>${key('f/file name.bin')}</Key>`);
    });

    it('too large, too small: EntityTooLarge, EntityTooSmall, nothing stored [AWS API POST policy: content-length-range]', async () => {
      const { url, fields } = await grant({ Key: key('f/size') });
      for (const [content, code] of [
        ['x'.repeat(11), 'EntityTooLarge'],
        ['x'.repeat(3_000_000), 'EntityTooLarge'],
        ['x', 'EntityTooSmall'],
      ] as const) {
        const answer = await postForm(url, fields, content);
        expect([answer.status, await errorCode(answer)]).toEqual([400, code]);
      }
      expect((await refusal(get('f/size'))).code).toBe('NoSuchKey');
    });

    it.each<[string, (fields: Record<string, string>) => Record<string, string>]>([
      ['a key outside the prefix', (fields) => ({ ...fields, key: key('g/x') })],
      ['a field that the policy does not name', (fields) => ({ ...fields, 'x-amz-meta-evil': '1' })],
      ['an ACL that the policy does not name', (fields) => ({ ...fields, acl: 'public-read' })],
      ['a changed signature', (fields) => ({ ...fields, 'X-Amz-Signature': '0'.repeat(64) })],
      [
        'another policy under the same signature',
        (fields) => ({
          ...fields,
          Policy: Buffer.from(
            JSON.stringify({ expiration: '2999-01-01T00:00:00Z', conditions: [['starts-with', '$key', '']] }),
          ).toString('base64'),
        }),
      ],
      ['no policy', ({ Policy: _policy, ...fields }) => fields],
      [
        'an unknown access key',
        (fields) => ({ ...fields, 'X-Amz-Credential': `x${fields['X-Amz-Credential'] ?? ''}` }),
      ],
    ])('%s: 403, nothing stored [AWS API POST policy]', async (_what, change) => {
      const { url, fields } = await grant({ Key: key('f/denied') });
      const answer = await postForm(url, change(fields), 'hello');
      expect(answer.status).toBe(403);
      expect((await refusal(get('f/denied'))).code).toBe('NoSuchKey');
    });

    it('an expired policy: 403 [AWS API POST policy: expiration]', async () => {
      const { url, fields } = await grant({ Expires: -1 });
      expect((await postForm(url, fields, 'hello')).status).toBe(403);
    });
  });
}
