import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postForm, presignPost, refusal } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS } from '../support/filestore-process.js';
import { BUCKET, FileStoreWorld } from '../support/filestore-world.js';
import { rawHttp } from '../support/raw-http.js';

let world: FileStoreWorld;
beforeAll(async () => {
  world = await FileStoreWorld.start();
});
afterAll(() => world.stop());

describe('the upload-only key', () => {
  it('puts under its prefixes by PUT and by form, and nowhere else', async () => {
    for (const key of [
      'tickets/Startup/C.0123456789abcdef/n.json',
      'C.0123456789abcdef/vfs/files/x',
      'hunts/H_1/vfs/files/x',
    ]) {
      expect((await refusal(world.put(key, 'x', world.upload))).status).toBe(200);
      const { url, fields } = await presignPost(world.upload, { Bucket: BUCKET, Key: `${key}2` });
      expect((await postForm(url, fields, 'x')).status).toBe(204);
    }
    for (const key of [
      'public/s/manifest',
      'flows/F_1/1.json',
      'ledger/x',
      'tickets',
      'C.0/other',
      'hunts/vfs/x',
      'x/tickets/y',
    ]) {
      expect(await refusal(world.put(key, 'x', world.upload))).toEqual({ status: 403, code: 'AccessDenied' });
      const { url, fields } = await presignPost(world.upload, { Bucket: BUCKET, Key: key });
      expect((await postForm(url, fields, 'x')).status).toBe(403);
      expect(await world.exists(key)).toBe(false);
    }
  });

  it('reads, lists, deletes nothing, not even what it wrote or what is public; learns nothing by If-Match', async () => {
    await world.put('tickets/own', 'x', world.upload);
    await world.put('public/read', 'x');
    for (const key of ['tickets/own', 'public/read', 'tickets/none']) {
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        const answer = await rawHttp(
          world.server.port,
          await world.signedHead(method, `/${BUCKET}/${key}`, {}, { credentials: FILESTORE_KEYS.upload }),
        );
        expect([method, key, answer.status]).toEqual([method, key, 403]);
      }
    }
    for (const path of [`/${BUCKET}`, '/']) {
      expect(
        (
          await rawHttp(
            world.server.port,
            await world.signedHead('GET', path, {}, { credentials: FILESTORE_KEYS.upload }),
          )
        ).status,
      ).toBe(403);
    }
    const ifMatch = world.upload.send(
      new PutObjectCommand({ Bucket: BUCKET, Key: 'tickets/own', Body: 'y', IfMatch: '"x"' }),
    );
    expect((await refusal(ifMatch)).status).toBe(403);
    expect(await world.read('tickets/own')).toBe('x');
  });
});
