import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { type ObjectStore, openS3Store, type S3Config, signUploadPolicy } from '#locations';
import {
  createCa,
  createLeaf,
  DEFAULT_QUOTA,
  type Grant,
  isHuntId,
  type JobFile,
  type KeyPairPem,
  keys,
  loadSigner,
  type Manifest,
  newFlowId,
  newHuntId,
  parseTicketKey,
  randomHex32,
  readTicket,
  resultsPrefix,
  type ServerSigner,
  sha256Hex,
  signAsServer,
  type SignedFile,
  signedFileText,
  signTrust,
  type Spec,
  specDigest,
  type StartupTicket,
  statusPrefix,
  type StatusTicket,
} from '#wire';
import { FILESTORE_KEYS, type FileStoreProcess, fileStoreFolder, startFileStore } from './filestore-process.js';

const HOUR_MS = 3_600_000;

/** What a test may say of a spec; everything else is filled in. */
export type SpecInput = Partial<Omit<Spec, 'flow_id' | 'target'>> & Pick<Spec, 'actions'>;

/** An entry as a test puts it into a queue. */
export interface TestEntry {
  flowId: string;
  attempt: number;
  digest: string;
  spec: SignedFile;
  state: 'open' | 'closed' | 'cancelled';
}

/** A Collect action of one query with the given columns. */
export const collectAction = (
  query: string,
  columns: Spec['actions'][number] extends infer A
    ? A extends { collection: { tables: { columns: infer C }[] } }
      ? C
      : never
    : never,
  name = 'pslist',
): Spec['actions'][number] => ({
  __type__: 'Collect',
  queries: { mode_live_api: query },
  collection: { __type__: 'Collection', name, tables: [{ name: 'rows', columns, indexes: [] }] },
});

/**
 * The server's side of the wire without a server: a CA, a signing leaf, a file store as a process of its own, and
 * signed files that the test itself puts into the bucket.
 */
export class AgentDeployment {
  readonly deployment = randomHex32();
  readonly secret = randomHex32();
  readonly allQueue = randomHex32();
  #version = Date.now();

  readonly folder: string;
  readonly store: ObjectStore;
  readonly ca: KeyPairPem;
  readonly signer: ServerSigner;
  #filestore: FileStoreProcess;
  readonly #uploads: S3Config;
  readonly #removeStoreFolder: () => Promise<void>;

  private constructor(parts: {
    folder: string;
    filestore: FileStoreProcess;
    store: ObjectStore;
    uploads: S3Config;
    ca: KeyPairPem;
    signer: ServerSigner;
    removeStoreFolder: () => Promise<void>;
  }) {
    this.folder = parts.folder;
    this.#filestore = parts.filestore;
    this.store = parts.store;
    this.#uploads = parts.uploads;
    this.ca = parts.ca;
    this.signer = parts.signer;
    this.#removeStoreFolder = parts.removeStoreFolder;
  }

  static async start(): Promise<AgentDeployment> {
    const folder = await mkdtemp(join(tmpdir(), 'rekall-agent-'));
    const { root, remove } = await fileStoreFolder();
    const filestore = await startFileStore(root);
    const place = { endpoint: filestore.url, region: 'us-east-1', bucket: 'evidence' };
    const now = new Date();
    const ca = await createCa({ name: 'test CA', now });
    const signer = loadSigner(await createLeaf({ name: 'test signer', now, ca }));
    return new AgentDeployment({
      folder,
      filestore,
      store: openS3Store({ ...place, ...FILESTORE_KEYS.service }),
      uploads: { ...place, ...FILESTORE_KEYS.upload },
      ca,
      signer,
      removeStoreFolder: remove,
    });
  }

  async close(): Promise<void> {
    await this.#filestore.stop();
    await this.#removeStoreFolder();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The store is gone, as by a power cut. */
  stopStore(): Promise<void> {
    return this.#filestore.kill9();
  }

  /** The store is there again: same folder, same address. */
  async startStore(): Promise<void> {
    const { root, port } = this.#filestore;
    this.#filestore = await startFileStore(root, ['--port', String(port)]);
  }

  nextVersion(): number {
    return ++this.#version;
  }

  /** Writes an agent's configuration; gives the file. */
  async agentConfig(more: Record<string, unknown> = {}): Promise<string> {
    const file = join(this.folder, `agent-${randomHex32().slice(0, 8)}.json`);
    await writeFile(
      file,
      JSON.stringify({
        __type__: 'AgentConfig',
        version: 1,
        deployment: this.deployment,
        bucket_url: this.store.bucketUrl,
        public_secret: this.secret,
        ca_certificate: this.ca.certificatePem,
        ...more,
      }),
    );
    return file;
  }

  /** A trust list by the CA key, naming the leaves of these signers. */
  async trust(epoch = 1, signers: readonly ServerSigner[] = [this.signer]): Promise<SignedFile> {
    return signTrust(
      JSON.stringify({
        __type__: 'Trust',
        deployment: this.deployment,
        epoch,
        signing: signers.map((s) => sha256Hex(s.certificate.raw)),
        issued_at: new Date().toISOString(),
      }),
      createPrivateKey(this.ca.privateKeyPem),
    );
  }

  async grant(id: string, prefix: string, maxBytes: number): Promise<Grant> {
    const now = new Date();
    const location = await signUploadPolicy(this.#uploads, {
      prefix,
      template: '',
      minBytes: 1,
      maxBytes,
      expiresAt: new Date(now.getTime() + this.aheadMs + HOUR_MS),
      now,
    });
    return { id, location };
  }

  async publishManifest(more: Partial<Manifest> = {}, signer: ServerSigner = this.signer): Promise<void> {
    const manifest: Manifest = {
      __type__: 'Manifest',
      version: this.nextVersion(),
      deployment: this.deployment,
      trust: await this.trust(),
      issued_at: new Date().toISOString(),
      not_after: new Date(Date.now() + this.aheadMs + 24 * HOUR_MS).toISOString(),
      startup_actions: [{ __type__: 'Interrogate' }],
      poll_min: 0.1,
      poll_max: 0.3,
      upload_base: this.store.bucketUrl,
      ticket_grant: await this.grant('tickets', keys.ticketsPrefix, 256 * 1024),
      all_queue: this.allQueue,
      limits: {},
      ...more,
    };
    await this.#putSigned(keys.manifest(this.secret), 'Manifest', JSON.stringify(manifest), signer);
  }

  /** Publishes a queue with these entries and one grant for each; gives the text that lies in the bucket. */
  async publishQueue(
    queue: string,
    entries: readonly TestEntry[],
    more: Partial<JobFile> = {},
    signer = this.signer,
  ): Promise<string> {
    const grants = await Promise.all(
      entries.map((e) => this.grant(`g-${e.flowId}`, this.#prefixes.get(e.flowId) ?? 'none/', this.resultBytes)),
    );
    const jobFile: JobFile = {
      __type__: 'JobFile',
      version: this.nextVersion(),
      deployment: this.deployment,
      queue,
      issued_at: new Date().toISOString(),
      entries: entries.map((e) => ({
        flow_id: e.flowId,
        attempt: e.attempt,
        state: e.state,
        spec: e.spec,
        grants: [`g-${e.flowId}`],
      })),
      grants,
      ...more,
    };
    return this.#putSigned(keys.jobs(this.secret, queue), 'JobFile', JSON.stringify(jobFile), signer);
  }

  /** Agents whose clock a test has moved need grants and a Manifest that last longer. */
  aheadMs = 0;
  /** The largest result that grants allow. */
  resultBytes = 1024 ** 3;
  readonly #prefixes = new Map<string, string>();

  /** A hunt, on every client unless labels are given. */
  hunt(input: SpecInput, attempt = 1, id = newHuntId(), labels = ['All']): Promise<TestEntry> {
    return this.#entry(id, { __type__: 'Labels', labels }, 'C.0000000000000000', input, attempt);
  }

  /** A flow on one client. */
  flow(clientId: string, input: SpecInput, attempt = 1, id = newFlowId()): Promise<TestEntry> {
    return this.#entry(id, { __type__: 'Client', client_id: clientId }, clientId, input, attempt);
  }

  async #entry(
    flowId: string,
    target: Spec['target'],
    clientId: string,
    input: SpecInput,
    attempt: number,
  ): Promise<TestEntry> {
    const now = Date.now();
    const results = resultsPrefix(flowId, clientId);
    this.#prefixes.set(flowId, results);
    const spec: Spec = {
      __type__: 'Collect',
      version: 1,
      flow_id: flowId,
      target,
      quota: DEFAULT_QUOTA,
      spread_seconds: 0,
      report_skips: isHuntId(flowId),
      key_prefixes: { tickets: statusPrefix(flowId), results },
      created_at: new Date(now).toISOString(),
      expires_at: new Date(now + HOUR_MS).toISOString(),
      requires: [],
      ...input,
    };
    const payload = JSON.stringify(spec);
    return {
      flowId,
      attempt,
      digest: specDigest(payload),
      spec: await signAsServer('Spec', payload, this.signer),
      state: 'open',
    };
  }

  async #putSigned(key: string, typ: 'Manifest' | 'JobFile', payload: string, signer: ServerSigner): Promise<string> {
    const text = signedFileText(await signAsServer(typ, payload, signer));
    await this.store.put(key, text, { contentType: 'application/json', cacheControl: 'no-cache' });
    return text;
  }

  /** All objects under a prefix. */
  async keysUnder(prefix: string): Promise<string[]> {
    const page = await this.store.list({ prefix });
    return page.objects.map((o) => o.key);
  }

  async bytesOf(key: string): Promise<Buffer> {
    const got = await this.store.get(key, { maxBytes: 64 * 1024 * 1024 });
    if (got.kind !== 'found') throw new Error(`${key} is ${got.kind}`);
    return got.body;
  }

  /** The verified status tickets of a flow, in the order in which they were numbered. */
  async tickets(flowId: string): Promise<StatusTicket[]> {
    const out: StatusTicket[] = [];
    for (const key of await this.keysUnder(statusPrefix(flowId))) {
      const claimed = parseTicketKey(key);
      if (claimed === undefined || claimed.kind === 'Startup') throw new Error(`${key} is no key of a status ticket`);
      const { ticket, clientId } = await readTicket((await this.bytesOf(key)).toString('utf8'), claimed.kind);
      if (ticket.__type__ === 'Startup' || ticket.flow_id !== flowId || ticket.nonce !== claimed.nonce)
        throw new Error(`${key} says something else than its content`);
      if (clientId !== claimed.clientId || ticket.seq !== claimed.seq) throw new Error(`${key} is another's`);
      out.push(ticket);
    }
    return out.toSorted((a, b) => a.seq - b.seq);
  }

  /** The final tickets of a flow: an honest agent sends exactly one for an attempt. */
  async finals(flowId: string): Promise<StatusTicket[]> {
    return (await this.tickets(flowId)).filter((t) => t.state !== 'Started');
  }

  /** When the store took a status ticket. */
  async takenAt({ flow_id, client_id, nonce, seq }: StatusTicket): Promise<Date> {
    const info = await this.store.head(keys.statusTicket(flow_id, client_id, nonce, seq));
    if (info === undefined) throw new Error(`a ticket of ${flow_id} is gone`);
    return info.lastModified;
  }

  /** The verified Startup tickets of a client, in the order in which they were numbered. */
  async startups(clientId: string): Promise<StartupTicket[]> {
    const out: StartupTicket[] = [];
    for (const key of await this.keysUnder(`tickets/Startup/${clientId}/`)) {
      const { ticket } = await readTicket((await this.bytesOf(key)).toString('utf8'), 'Startup');
      if (ticket.__type__ === 'Startup') out.push(ticket);
    }
    return out.toSorted((a, b) => a.seq - b.seq);
  }

  /** Rows of a query on a stored collection, opened as any SQLite program would. */
  async rowsOf(key: string, sql: string): Promise<Record<string, unknown>[]> {
    const file = join(this.folder, `${randomHex32()}.sqlite`);
    await writeFile(file, gunzipSync(await this.bytesOf(key)));
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  }
}
