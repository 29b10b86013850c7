import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signUploadPolicy } from '#locations';
import { eventually, WholeSystem } from '../support/whole-system.js';

/* `rekall rotate --uploads` with real parts: what agents held is worth nothing at once, and they go on with new grants. */
let system: WholeSystem;
beforeAll(async () => {
  system = await WholeSystem.make();
});
afterAll(() => system.close());

interface Hunt {
  hunt_id: string;
}

describe('rekall rotate --uploads', () => {
  const hunt = async (): Promise<string> => {
    const made = await system.call<Hunt>(
      'POST',
      '/hunts',
      { type: 'ListProcesses', labels: ['All'] },
      {
        'idempotency-key': crypto.randomUUID(),
      },
    );
    expect(made.status).toBe(201);
    return made.body.hunt_id;
  };
  const done = (id: string) =>
    eventually(`a result of ${id}`, async () => {
      const found = await system.bucket.list({ prefix: `hunts/${id}/vfs/`, maxKeys: 1 });
      return found.objects[0];
    });
  /** Uploads with a grant that was signed with the keys of then. */
  const uploadWith = async (env: Record<string, string>, name: string): Promise<number> => {
    const now = new Date();
    const { url, fields } = await signUploadPolicy(
      {
        endpoint: system.store.ready,
        region: 'us-east-1',
        bucket: env['S3_BUCKET'] ?? '',
        accessKeyId: env['S3_UPLOAD_ACCESS_KEY'] ?? '',
        secretAccessKey: env['S3_UPLOAD_SECRET_KEY'] ?? '',
      },
      {
        prefix: 'tickets/rotate/',
        template: '{path}',
        minBytes: 1,
        maxBytes: 100,
        expiresAt: new Date(+now + 60_000),
        now,
      },
    );
    const form = new FormData();
    form.set('key', `tickets/rotate/${name}`);
    for (const [field, value] of Object.entries(fields)) form.set(field, value);
    form.set('file', new Blob(['x']), 'x');
    return (await fetch(url, { method: 'POST', body: form })).status;
  };

  it('ends all grants at once; a running agent goes on with the new ones', async () => {
    await system.startApi();
    let worker = await system.startWorker();
    await system.startAgent(1);
    await done(await hunt());

    const before = await system.environment('worker.env');
    expect(await uploadWith(before, 'before')).toBe(204);
    const rotated = await system.rekall('rotate', '--uploads', '--dir', system.dir);
    expect([rotated.code, rotated.output]).toEqual([0, expect.stringContaining('restart')]);
    const after = await system.environment('worker.env');
    expect(after['S3_UPLOAD_ACCESS_KEY']).not.toBe(before['S3_UPLOAD_ACCESS_KEY']);
    const config = await readFile(join(system.dir, 'filestore.json'), 'utf8');
    expect(config).toContain(after['S3_UPLOAD_SECRET_KEY']);
    expect(config).not.toContain(before['S3_UPLOAD_SECRET_KEY']);

    process.kill(system.store.pid, 'SIGHUP');
    await eventually('the old key is refused', async () =>
      (await uploadWith(before, 'old')) === 403 ? true : undefined,
    );
    expect(await uploadWith(after, 'new')).toBe(204);

    await worker.stop();
    worker = await system.startWorker();
    await done(await hunt());
    const publicSecret = after['REKALL_PUBLIC_SECRET'] ?? '';
    await eventually('every published grant is signed with the new key', async () => {
      for await (const { key } of system.bucket.listAll(`public/${publicSecret}/`)) {
        const got = await system.bucket.get(key, { maxBytes: 1_000_000 });
        if (got.kind === 'found' && got.body.toString('utf8').includes(before['S3_UPLOAD_ACCESS_KEY'] ?? '-'))
          return undefined;
      }
      return true;
    });
    await worker.stop();
  });

  interface Finding {
    verdict: string;
    what: string;
    seen: string;
    todo: string[];
  }
  const doctor = async (): Promise<{ code: number | null; findings: Finding[] }> => {
    const { code, output } = await system.rekall('doctor', '--store', '--dir', system.dir, '--json');
    const [from, to] = [output.indexOf('['), output.lastIndexOf(']')];
    return { code, findings: JSON.parse(output.slice(from, to + 1)) as Finding[] };
  };
  const QUOTAS = ['tickets/', 'C.*/', 'hunts/'].map((place) => `what agents upload is bounded under ${place}`);

  it('doctor --store finds nothing wrong on our file store, and leaves it as it was', async () => {
    await Promise.all(system.agents.splice(0).map((agent) => agent.stop()));
    const keysNow = async (): Promise<string[]> => {
      const keys: string[] = [];
      for await (const { key } of system.bucket.listAll('')) keys.push(key);
      return keys;
    };
    const before = await keysNow();
    const { code, findings } = await doctor();
    expect(findings.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(findings.length).toBeGreaterThanOrEqual(23);
    expect(code).toBe(0);
    expect(await keysNow()).toEqual(before);
    const seen = new Map(findings.map((finding) => [finding.what, finding.seen]));
    for (const what of QUOTAS)
      expect(seen.get(what)).toBe('an upload of 5 TiB is refused at once: HTTP 403 QuotaExceeded');
    expect(seen.get('no rule of the bucket removes evidence')).toBe(
      'this store has no lifecycle rules (NotImplemented): it removes nothing by itself',
    );
  });

  it('doctor --store notices a file store without quotas, and says what to do', async () => {
    await system.store.stop();
    const file = join(system.dir, 'filestore.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...config, quotas: [] }));
    const { code, findings } = await doctor();
    const failed = findings.filter(({ verdict }) => verdict !== 'ok');
    expect(failed.map(({ verdict, what }) => [verdict, what])).toEqual(QUOTAS.map((what) => ['FAIL', what]));
    expect(failed[0]?.seen).toMatch(/^no quota refuses 5 TiB \(HTTP 400 EntityTooSmall\)/);
    expect(failed[0]?.todo).toEqual([expect.stringContaining(file)]);
    expect(code).toBe(1);
  });

  it('a wrong command line: one clear line', async () => {
    for (const [args, said] of [
      [['rotate', '--dir', system.dir], 'give --uploads'],
      [['rotate', '--uploads', '--upload-access-key', 'x', '--dir', system.dir], 'give both'],
      [['doctor', '--dir', system.dir], 'give --store'],
      [['doctor', '--store', '--dir', join(system.dir, 'none')], 'holds no deployment'],
    ] as const) {
      const end = await system.rekall(...args);
      expect([end.code === 0, end.output.trim().split('\n').length]).toEqual([false, 1]);
      expect(end.output).toContain(said);
    }
  });
});
