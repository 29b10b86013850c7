import { randomBytes } from 'node:crypto';
import {
  LocationError,
  openS3Store,
  presignPut,
  publicUrl,
  StoreRefused,
  type ObjectStore,
  type S3Config,
} from '#locations';
import { keys, parseSignedFile } from '#wire';
import { z } from 'zod';
import { type Bounds, lookAtLifecycle, lookAtQuotas } from './bounds.js';
import { statusOf, uploadByForm } from './http.js';
import type { Report } from './report.js';

/** What the store is looked at with. */
export interface StoreUnderTest {
  service: S3Config;
  upload: S3Config;
  /** Commands that mend rights. */
  mend: string[];
  /** The secret of `public/<secret>/`. */
  publicSecret: string;
  /** What bounds the uploads of agents. */
  bounds: Bounds;
  /** A command that starts the worker, which renews grants. */
  startWorker: string;
}

const Published = z.looseObject({ not_after: z.iso.datetime({ offset: true }) });

const MAX_SKEW_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_MANIFEST = 1024 * 1024;
const PROBE = 'a probe of rekall doctor';
/** Tries everything that the project relies on, and the known attacks; removes its probes. */
export class StoreDoctor {
  readonly #store: ObjectStore;
  readonly #uploader: ObjectStore;
  readonly #id = randomBytes(16).toString('hex');
  readonly #secret = `doctor/${this.#id}/secret`;
  readonly #public = `public/doctor-${this.#id}/probe`;
  readonly #tickets = `tickets/doctor-${this.#id}/`;
  /** One under each prefix that agents have: of a client and a hunt that there are not. */
  readonly #quotaProbes = [this.#tickets, `C.${this.#id.slice(0, 16)}/vfs/`, `hunts/H_${this.#id.slice(0, 16)}/vfs/`];

  constructor(
    private readonly under: StoreUnderTest,
    private readonly report: Report,
  ) {
    this.#store = openS3Store(under.service);
    this.#uploader = openS3Store(under.upload);
  }

  /** Runs all checks; those that need a bucket only when it is there. */
  async run(): Promise<void> {
    try {
      if (!(await this.#reach())) return;
      await this.#store.put(this.#secret, PROBE);
      await this.#store.put(this.#public, PROBE);
      await this.#writeOnce();
      await this.#anonymous();
      await this.#links();
      await this.#grants();
      await this.#uploadKey();
      await this.#attacks();
      await this.#grantDays();
      await lookAtLifecycle(this.under.service, this.report);
      await lookAtQuotas(this.under, this.#quotaProbes, this.report);
    } finally {
      await this.#cleanUp();
    }
  }

  async #reach(): Promise<boolean> {
    const what = 'the bucket is reached with the service key';
    try {
      const { clockSkewMs } = await this.#store.ping();
      this.report.note(what, true, this.#store.bucketUrl, []);
      const seen = `${(clockSkewMs / 1000).toFixed(0)} s off the store's`;
      this.report.note("this machine's clock is right", Math.abs(clockSkewMs) <= MAX_SKEW_MS, seen, [
        'sudo timedatectl set-ntp true',
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof LocationError)) throw error;
      this.report.note(what, false, error.message, this.under.mend);
      return false;
    }
  }

  async #writeOnce(): Promise<void> {
    try {
      await this.#store.put(this.#secret, 'overwritten', { ifNoneMatch: '*' });
    } catch (error) {
      if (!(error instanceof LocationError)) throw error;
      this.report.note('write-once is kept to (If-None-Match: *)', true, 'a second write was refused', []);
      return;
    }
    await this.#store.put(this.#secret, PROBE);
    this.report.note(
      'write-once is kept to (If-None-Match: *)',
      false,
      'a second write replaced the first',
      ['run one worker only: this store cannot keep two from overwriting each other'],
      'warn',
    );
  }

  async #anonymous(): Promise<void> {
    const { mend } = this.under;
    const url = (key: string): string => publicUrl(this.#store.bucketUrl, key);
    const read = await statusOf(url(this.#public));
    this.report.note('anyone may read public/', read === 200, `HTTP ${String(read)}`, mend);
    for (const [what, path, init] of [
      ['nobody without keys reads anything else', url(this.#secret), {}],
      ['nobody without keys lists the bucket', `${this.#store.bucketUrl}?list-type=2&prefix=public/`, {}],
      ['nobody without keys writes', url(`public/doctor-${this.#id}/anonymous`), { method: 'PUT', body: 'x' }],
      ['nobody without keys writes where agents do', url(`${this.#tickets}anonymous`), { method: 'PUT', body: 'x' }],
      ['nobody without keys deletes', url(this.#public), { method: 'DELETE' }],
    ] as const) {
      const status = await statusOf(path, init);
      this.report.note(what, status === 403 || status === 401, `HTTP ${String(status)}`, mend);
    }
  }

  async #links(): Promise<void> {
    const { url } = await this.#store.presignGet(this.#secret, { expiresInSeconds: 60 });
    const good = await statusOf(url);
    this.report.note('a signed download link works', good === 200, `HTTP ${String(good)}`, this.under.mend);
    const past = openS3Store(this.under.service, { now: () => new Date(Date.now() - HOUR_MS) });
    try {
      const late = await statusOf((await past.presignGet(this.#secret, { expiresInSeconds: 60 })).url);
      this.report.note('a signed link ends', late === 403, `after its end: HTTP ${String(late)}`, [
        'do not use this store: signatures do not expire on it',
      ]);
    } finally {
      past.close();
    }
  }

  /** Uploads as an agent would; the status. */
  async #post(key: string, bytes: number, signedAt: Date): Promise<number> {
    const limits = { prefix: this.#tickets, minBytes: 1, maxBytes: 1_000 };
    return (await uploadByForm(this.under.upload, { ...limits, key, bytes, signedAt })).status;
  }

  async #grants(): Promise<void> {
    const unfit = ['do not use this store: it does not keep to POST policies'];
    const now = new Date();
    const good = await this.#post(`${this.#tickets}form`, 10, now);
    this.report.note("an agent's grant works", good >= 200 && good < 300, `HTTP ${String(good)}`, this.under.mend);
    const got = await this.#store.get(`${this.#tickets}form`, { maxBytes: 1_000 }).catch((error: unknown) => {
      if (error instanceof StoreRefused) return undefined;
      throw error;
    });
    this.report.note(
      'the service reads what agents upload',
      got?.kind === 'found',
      got?.kind ?? 'refused',
      this.under.mend,
    );
    for (const [what, path, bytes, at] of [
      ['a grant ends at its prefix', `tickets/elsewhere-${this.#id}`, 10, now],
      ['a grant ends at its size', `${this.#tickets}large`, 1_001, now],
      ['a grant ends at its time', `${this.#tickets}late`, 10, new Date(now.getTime() - HOUR_MS)],
    ] as const) {
      const status = await this.#post(path, bytes, at);
      this.report.note(what, status === 403 || status === 400, `HTTP ${String(status)}`, unfit);
    }
  }

  async #uploadKey(): Promise<void> {
    for (const [what, call] of [
      ['the upload-only key lists nothing', () => this.#uploader.list({ prefix: '', maxKeys: 1 })],
      ['the upload-only key reads nothing', () => this.#uploader.get(this.#secret, { maxBytes: 1_000 })],
      ['the upload-only key writes only where agents do', () => this.#uploader.put(`doctor/${this.#id}/upload`, 'x')],
      ['the upload-only key deletes nothing', () => this.#uploader.delete([this.#public])],
    ] as const) {
      let seen = 'it may';
      try {
        await call();
      } catch (error) {
        if (!(error instanceof LocationError)) throw error;
        seen = 'refused';
      }
      this.report.note(what, seen === 'refused', seen, this.under.mend);
    }
  }

  async #attacks(): Promise<void> {
    const { bucket } = this.under.service;
    const put = async (name: string, headers: Record<string, string>): Promise<string> => {
      const key = `${this.#tickets}${name}`;
      const url = await presignPut(this.under.upload, key, { expiresInSeconds: 60, now: new Date() });
      await statusOf(url, { method: 'PUT', headers, body: '' });
      return key;
    };
    const copied = await put('copied', { 'x-amz-copy-source': `/${bucket}/${this.#secret}` });
    const found = await this.#store.get(copied, { maxBytes: 1_000 });
    const leaked = found.kind === 'found' && found.body.toString('utf8') === PROBE;
    this.report.note(
      'an unsigned x-amz-copy-source copies nothing',
      !leaked,
      leaked ? 'the secret was copied to the uploader' : 'nothing was copied',
      ['sign uploads with a key of a user of its own, not of the bucket’s owner:', ...this.under.mend],
    );
    const published = await put('published', { 'x-amz-acl': 'public-read' });
    const status = await statusOf(publicUrl(this.#store.bucketUrl, published));
    this.report.note(
      'an unsigned x-amz-acl publishes nothing',
      status !== 200,
      `an anonymous read of it: HTTP ${String(status)}`,
      this.under.mend,
    );
  }

  /** How long agents can go on without the worker. */
  async #grantDays(): Promise<void> {
    const what = 'grants are good for more than a day';
    const got = await this.#store.get(keys.manifest(this.under.publicSecret), { maxBytes: MAX_MANIFEST });
    if (got.kind !== 'found') {
      this.report.note(what, false, 'nothing was published yet', [this.under.startWorker], 'warn');
      return;
    }
    const { payload } = parseSignedFile(got.body.toString('utf8'), 'the Manifest', MAX_MANIFEST);
    const left = Date.parse(Published.parse(JSON.parse(payload)).not_after) - Date.now();
    const seen =
      left > 0 ? `${(left / DAY_MS).toFixed(1)} days left` : `they ended ${(-left / DAY_MS).toFixed(1)} days ago`;
    this.report.note(
      what,
      left > DAY_MS,
      seen,
      [`let the worker run, which renews them daily: ${this.under.startWorker}`],
      'warn',
    );
  }

  async #cleanUp(): Promise<void> {
    try {
      const prefixes = [
        `doctor/${this.#id}/`,
        `public/doctor-${this.#id}/`,
        ...this.#quotaProbes,
        `tickets/elsewhere-${this.#id}`,
      ];
      for (const prefix of prefixes) {
        const keys: string[] = [];
        for await (const { key } of this.#store.listAll(prefix)) keys.push(key);
        if (keys.length > 0) await this.#store.delete(keys);
      }
    } catch (error) {
      if (!(error instanceof LocationError)) throw error;
      this.report.note('the probes are removed', false, error.message, this.under.mend, 'warn');
    } finally {
      this.#store.close();
      this.#uploader.close();
    }
  }
}
