import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  AgentConfig,
  checkStartable,
  ClientRecord,
  emptyMarks,
  FlowRecord,
  Grant,
  LedgerLine,
  Location,
  MAX_JOB_FILE_BYTES,
  type Marks,
  parseJson,
  parseMessage,
  parseSignedFile,
  readJobFile,
  readManifest,
  readRecord,
  ResultGrant,
  readSpec,
  readTicket,
  Refusal,
  type RefusalCode,
  type Ticket,
  Trust,
  type TrustContext,
  verifyTrustFile,
} from './index.js';

/*
 * The files were made by scripts/wire-golden.mjs without any code of this library; see golden/README.md. Every file in
 * golden/accepted and golden/refused has a row here, written by hand.
 */
const golden = new URL('../golden/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, golden), 'utf8');
const names = (folder: string): string[] =>
  readdirSync(new URL(folder, golden))
    .map((name) => name.replace(/\.json$/, ''))
    .sort();

interface Expected {
  certificates: Record<string, string>;
  agents: Record<'agent' | 'other', { identity: string; client_id: string }>;
  digests: Record<string, string>;
}
const expected = JSON.parse(read('expected.json')) as Expected;
const me = expected.agents.agent;
/** What `sha256sum` said of a file's payload. */
const digestOf = (name: string): string => {
  const digest = expected.digests[name];
  if (digest === undefined) throw new Error(`expected.json has no digest of ${name}`);
  return digest;
};

const NOW = new Date('2026-03-01T12:00:00.000Z');
const DEPLOYMENT = '0123456789abcdef0123456789abcdef';
const OWN_QUEUE = 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1';
const ALL_QUEUE = 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2';
const FLOW = 'F_00000000000000f1';
const HUNT = 'H_00000000000000a1';
const NONCE = '00112233445566778899aabbccddeeff';
const ca = new X509Certificate(read('certificates/ca.pem'));
/** All leaves are on the list, the bad ones too, so that what refuses them is the check that is meant. */
const trust: TrustContext = {
  ca,
  deployment: DEPLOYMENT,
  epoch: 2,
  leaves: new Set(
    Object.entries(expected.certificates)
      .filter(([name]) => name !== 'leaf-not-in-trust')
      .map(([, fingerprint]) => fingerprint),
  ),
};

type Read = (text: string) => Promise<unknown>;
const manifest =
  (marks: Marks = emptyMarks()): Read =>
  (text) =>
    readManifest(text, { ca, now: NOW, marks, deployment: DEPLOYMENT });
const jobs =
  (queue = OWN_QUEUE, marks: Marks = emptyMarks()): Read =>
  (text) =>
    readJobFile(text, { trust, queue, now: NOW, marks });
const spec =
  (flowId = FLOW, knownDigest?: string): Read =>
  async (text) => {
    const file = parseSignedFile(text, 'the spec', MAX_JOB_FILE_BYTES);
    const result = await readSpec({ flow_id: flowId, spec: file }, { trust, now: NOW, knownDigest });
    checkStartable(result.spec, NOW);
    return result;
  };
const ticket =
  (typ: Ticket['__type__']): Read =>
  (text) =>
    readTicket(text, typ);
const record =
  (typ: 'FlowRecord' | 'ClientRecord'): Read =>
  async (text) => {
    const value = await readRecord(text, typ, ca, MAX_JOB_FILE_BYTES);
    return typ === 'FlowRecord' ? parseMessage(FlowRecord, value, typ) : parseMessage(ClientRecord, value, typ);
  };
const plain =
  (schema: z.ZodType): Read =>
  (text) =>
    Promise.resolve().then(() => parseMessage(schema, parseJson(text, 'the message', MAX_JOB_FILE_BYTES), 'it'));
const trustList: Read = async (text) => {
  const file = parseSignedFile(text, 'the trust list', MAX_JOB_FILE_BYTES);
  await verifyTrustFile(file, ca);
  return parseMessage(Trust, parseJson(file.payload, 'the trust list', MAX_JOB_FILE_BYTES), 'the trust list');
};

type Row<T> = [read: Read, result: T];

// ---- accepted ----------------------------------------------------------------------------------------------------

const seenManifest = (version: number, epoch = 2, digest = '0'.repeat(64)): Marks => ({
  epoch,
  manifest: { version, digest },
  queues: { [OWN_QUEUE]: { version: 9e15, digest } },
  newestIssuedAt: '2026-03-01T11:45:00.000Z',
});
const seenJobs = (version: number, digest = '0'.repeat(64)): Marks => ({
  epoch: 2,
  queues: { [OWN_QUEUE]: { version, digest }, [ALL_QUEUE]: { version: 1, digest } },
  newestIssuedAt: '2026-03-01T11:29:59.999Z',
});

const actionOf: Record<string, string[]> = {
  ListProcesses: ['Collect'],
  Collect: ['Collect', 'Collect'],
  ListDirectory: ['ListDirectory'],
  FileFinder: ['FileFinder'],
  GetFiles: ['GetFiles'],
  CollectArtifacts: ['CollectArtifacts'],
  Interrogate: ['Interrogate'],
};
const specRows = Object.entries(actionOf).flatMap(([type, actions]): [string, Row<object>][] => [
  [
    `spec-client-${type}`,
    [
      spec(),
      {
        digest: digestOf(`spec-client-${type}`),
        spec: {
          __type__: type,
          flow_id: FLOW,
          target: { __type__: 'Client', client_id: me.client_id },
          actions: actions.map((action) => ({ __type__: action })),
          spread_seconds: 0,
          report_skips: false,
          requires: [],
          key_prefixes: { tickets: `tickets/FlowStatus/${FLOW}/`, results: `${me.client_id}/vfs/` },
        },
      },
    ],
  ],
  [
    `spec-hunt-${type}`,
    [
      spec(HUNT, digestOf(`spec-hunt-${type}`)),
      {
        digest: digestOf(`spec-hunt-${type}`),
        spec: {
          __type__: type,
          flow_id: HUNT,
          target: { __type__: 'Labels', labels: ['All', 'web-servers'] },
          actions: actions.map((action) => ({ __type__: action })),
          condition: 'any agent_info where system == "Linux"',
          sample: { below: '1999999999999999' },
          spread_seconds: 900,
          report_skips: true,
          retry: { only_if_last: ['Error', 'Crashed', 'none'] },
          requires: ['sample.1', 'retry.1', 'source.pslist.1'],
          key_prefixes: { tickets: `tickets/HuntStatus/${HUNT}/`, results: `hunts/${HUNT}/vfs/` },
        },
      },
    ],
  ],
]);

const states = ['Started', 'Done', 'Error', 'Cancelled', 'Crashed', 'Rejected', 'Skipped'];
const statusRows = (['FlowStatus', 'HuntStatus'] as const).flatMap((typ) =>
  states.map((state): [string, Row<object>] => [
    `${typ}-${state}`,
    [
      ticket(typ),
      {
        identity: me.identity,
        clientId: me.client_id,
        ticket: {
          __type__: typ,
          state,
          flow_id: typ === 'FlowStatus' ? FLOW : HUNT,
          client_id: me.client_id,
          seq: 7,
          attempt: 1,
          clock_offset_ms: -1500,
          progress: { rows: 123 },
          resources: { wall_seconds: 1.25 },
          ...(state === 'Error' && {
            error: 'Resource exceeded: cpu_seconds, 300, 301',
            logs: [{ level: 'warn', message: 'slow' }],
          }),
          ...(state === 'Done' && {
            collections: [
              {
                name: 'pslist',
                rows: { pslist: 123 },
                stored_bytes: 2048,
                dropped_columns: ['extra'],
                null_coerced: 2,
              },
            ],
            files: [
              { path: '/etc/.../café', path_bytes: 'L2V0Yy8uLi4vY2Fmw6k=' },
              { path: '/var/big', parts: 3 },
            ],
          }),
        },
      },
    ],
  ]),
);

const record1 = { flow_id: FLOW, seq: 3, change: 'launch', entry_state: 'open', attempts: [{ attempt: 1 }] };
const accepted: Record<string, Row<object>> = {
  trust: [trustList, { deployment: DEPLOYMENT, epoch: 2 }],
  manifest: [
    manifest(),
    {
      manifest: {
        version: 1772366400000,
        poll_min: 5,
        poll_max: 600,
        all_queue: ALL_QUEUE,
        not_after: '2026-03-08T11:00:00.000Z',
        startup_actions: [{ __type__: 'Interrogate' }],
        ticket_grant: { id: 'tickets', location: { path_prefix: 'tickets/', min_bytes: 1, max_bytes: 262144 } },
        limits: { upload_rate: 10000000, upload_bytes_per_day: 10737418240, spool_bytes: 2147483648 },
      },
      trust: { deployment: DEPLOYMENT, epoch: 2 },
      marks: {
        epoch: 2,
        manifest: { version: 1772366400000, digest: digestOf('manifest') },
        newestIssuedAt: '2026-03-01T11:00:00.000Z',
      },
    },
  ],
  'manifest-extra-fields': [
    manifest(seenManifest(1772366399999)),
    {
      manifest: { colour: 'blue', later: { field: [1, null] } },
      marks: { queues: { [OWN_QUEUE]: { version: 9e15 } }, newestIssuedAt: '2026-03-01T11:45:00.000Z' },
    },
  ],
  // The way out after a disaster: a lower version is taken, all marks are forgotten but the newest time.
  'manifest-higher-epoch': [
    manifest(seenManifest(1772366400000)),
    {
      marks: { epoch: 3, manifest: { version: 3 }, queues: {}, newestIssuedAt: '2026-03-01T11:45:00.000Z' },
    },
  ],
  // The very bytes that were seen are taken again.
  'manifest-odd-spacing': [
    manifest(seenManifest(1772366400000, 2, digestOf('manifest-odd-spacing'))),
    { manifest: { __type__: 'Manifest' } },
  ],
  ...Object.fromEntries(specRows),
  'spec-extra-fields': [spec(), { spec: { colour: 'blue' } }],
  'jobs-own': [
    jobs(OWN_QUEUE, seenJobs(1772366400499)),
    {
      jobFile: {
        queue: OWN_QUEUE,
        registered_at: '2026-02-01T00:00:00.000Z',
        queues: [{ label: 'web-servers', queue: 'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3' }],
        entries: [
          { flow_id: FLOW, attempt: 1, state: 'open', grants: ['client'] },
          { attempt: 2, state: 'closed' },
          { attempt: 3, state: 'cancelled' },
        ],
        grants: [
          { id: 'client', location: { path_prefix: `${me.client_id}/vfs/` } },
          { id: 'hunt.a1', location: { path_prefix: `hunts/${HUNT}/vfs/` } },
        ],
      },
      marks: {
        epoch: 2,
        queues: {
          [OWN_QUEUE]: { version: 1772366400500, digest: digestOf('jobs-own') },
          [ALL_QUEUE]: { version: 1 },
        },
        newestIssuedAt: '2026-03-01T11:30:00.000Z',
      },
    },
  ],
  'jobs-all': [jobs(ALL_QUEUE), { jobFile: { queue: ALL_QUEUE, entries: [{ flow_id: HUNT }] } }],
  'jobs-empty': [jobs(OWN_QUEUE, seenJobs(1772366400500, digestOf('jobs-empty'))), { jobFile: { entries: [] } }],
  'jobs-leaf-last-second': [jobs(), { jobFile: { queue: OWN_QUEUE } }],
  'jobs-leaf-early': [jobs(), { jobFile: { queue: OWN_QUEUE } }],
  'jobs-unprotected-header': [jobs(), { jobFile: { queue: OWN_QUEUE } }],
  'jobs-depth-32': [jobs(), { jobFile: { queue: OWN_QUEUE } }],
  startup: [
    ticket('Startup'),
    {
      identity: me.identity,
      clientId: me.client_id,
      ticket: {
        __type__: 'Startup',
        client_id: me.client_id,
        seq: 0,
        nonce: NONCE,
        queue: OWN_QUEUE,
        modes: ['mode_linux_api', 'mode_live'],
        labels: ['web-servers'],
        system_info: { system: 'Linux', fqdn: 'web1.example.org', users: [{ username: 'root', uid: 0 }] },
        errors: [],
      },
    },
  ],
  'startup-cloned': [
    ticket('Startup'),
    { ticket: { cloned_from: expected.agents.other.client_id, errors: ['state lost'], colour: 'blue' } },
  ],
  ...Object.fromEntries(statusRows),
  'FlowRecord-flow': [record('FlowRecord'), record1],
  'FlowRecord-leaf-not-in-trust': [record('FlowRecord'), record1],
  'FlowRecord-leaf-expired': [record('FlowRecord'), { entry_state: 'closed', ended_at: '2026-02-01T00:00:00.000Z' }],
  ...Object.fromEntries(
    ['Draft', 'Waiting', 'Running', 'Paused', 'Stopped', 'Completed', 'Refused'].map((state): [string, Row<object>] => [
      `FlowRecord-hunt-${state}`,
      [record('FlowRecord'), { ...record1, flow_id: HUNT, hunt_state: state }],
    ]),
  ),
  ClientRecord: [
    record('ClientRecord'),
    {
      client_id: me.client_id,
      identity: me.identity,
      acceptance: 'accepted',
      labels: ['web-servers'],
      tombstone: false,
    },
  ],
  'ClientRecord-tombstone': [record('ClientRecord'), { acceptance: 'refused', labels: [], tombstone: true }],
  'ledger-accepted': [plain(LedgerLine), { verdict: 'accepted', last_modified: '2026-03-01T12:00:02.000Z' }],
  'ledger-duplicate': [plain(LedgerLine), { verdict: 'duplicate' }],
  'ledger-after_final': [plain(LedgerLine), { verdict: 'after_final', reason: 'Done came first' }],
  'ledger-quarantined': [plain(LedgerLine), { verdict: 'quarantined', reason: 'bad_key', ticket_base64: '//79' }],
  'location-S3SignedPolicy': [plain(Location), { path_prefix: `hunts/${HUNT}/vfs/`, max_bytes: 1073741824 }],
  'location-S3SignedUrl': [plain(Location), { method: 'GET', expires_at: '2026-03-01T12:10:00.000Z' }],
  'location-PublicRead': [plain(Location), { url: `https://s3.example.org/evidence/public/${DEPLOYMENT}/manifest` }],
  'location-LocalFile': [plain(Location), { path: '/var/lib/rekall/offline/pslist.sqlite.gz' }],
  'location-S3Object': [plain(Location), { bucket: 'evidence' }],
  'grant-local': [plain(ResultGrant), { location: { __type__: 'LocalFile', path: '/media/stick/evidence' } }],
  grant: [plain(Grant), { id: 'client', location: { __type__: 'S3SignedPolicy' } }],
  'agent-config-least': [plain(AgentConfig), { deployment: DEPLOYMENT, labels: [] }],
  'agent-config-local': [plain(AgentConfig), { local_folder: '/media/stick' }],
  'agent-config-full': [
    plain(AgentConfig),
    { poll_max: 5.5, labels: ['web-servers'], allow: { actions: ['Collect'], bytes_per_day: 1073741824 } },
  ],
};

// ---- refused -----------------------------------------------------------------------------------------------------

/** What is refused in every file that a leaf signs, and as what. */
const serverFile: Record<string, RefusalCode> = {
  'other-chain': 'cert-issuer',
  'other-chain-with-its-ca': 'cert-issuer',
  'chain-of-same-name': 'cert-issuer',
  'chain-of-same-name-and-no-ids': 'cert-issuer',
  'chain-of-same-key': 'cert-issuer',
  'ca-as-leaf': 'cert-ca-as-leaf',
  'sub-ca-as-leaf': 'cert-ca-as-leaf',
  'leaf-without-usage': 'cert-usage',
  'leaf-server-auth': 'cert-usage',
  'leaf-two-usages': 'cert-usage',
  'p256-leaf': 'jws-algorithm',
  'certificate-cut': 'cert-malformed',
  'wrong-key': 'jws-signature',
  'agent-key': 'jws-malformed',
  'byte-of-payload': 'jws-signature',
  'byte-of-header': 'jws-signature',
  'byte-of-signature': 'jws-signature',
  'alg-none': 'jws-algorithm',
  'alg-none-unsigned': 'schema',
  'alg-hs256': 'jws-algorithm',
  'alg-ed25519': 'jws-algorithm',
  'crit-unknown': 'jws-crit',
  'crit-other': 'jws-crit',
  'crit-missing': 'jws-crit',
  'b64-true': 'jws-crit',
  'b64-absent': 'jws-crit',
  'typ-wrong': 'jws-typ',
  'typ-absent': 'jws-typ',
  'signature-absent': 'schema',
  'payload-not-json': 'not-json',
  'version-unknown': 'schema',
};
/** What is refused only in files that count now: a record outlives the leaf that signed it. */
const liveFile: Record<string, RefusalCode> = {
  'leaf-expired': 'cert-expired',
  'leaf-not-yet-valid': 'cert-not-yet-valid',
  'leaf-not-in-trust': 'trust-missing-leaf',
};
const ticketFile: Record<string, RefusalCode> = {
  'wrong-key': 'jws-signature',
  'of-another-client': 'identity',
  'byte-of-payload': 'jws-signature',
  'by-a-leaf': 'jws-malformed',
  'jwk-ec': 'schema',
  'jwk-oct': 'schema',
  'alg-hs256': 'jws-algorithm',
  'alg-none': 'jws-algorithm',
  'crit-unknown': 'jws-crit',
  'b64-absent': 'jws-crit',
  'typ-wrong': 'jws-typ',
  'signature-absent': 'schema',
  'client-id-escapes': 'schema',
  'too-large': 'too-large',
};
const each = (typ: string, how: Read, codes: Record<string, RefusalCode>): Record<string, Row<RefusalCode>> =>
  Object.fromEntries(Object.entries(codes).map(([name, code]) => [`${typ}-${name}`, [how, code]]));

const refused: Record<string, Row<RefusalCode>> = {
  ...each('Manifest', manifest(), { ...serverFile, ...liveFile }),
  ...each('JobFile', jobs(), { ...serverFile, ...liveFile }),
  ...each('Spec', spec(), { ...serverFile, ...liveFile }),
  ...each('FlowRecord', record('FlowRecord'), serverFile),
  ...each('ClientRecord', record('ClientRecord'), serverFile),
  ...each('Startup', ticket('Startup'), ticketFile),
  ...each('FlowStatus', ticket('FlowStatus'), ticketFile),
  ...each('HuntStatus', ticket('HuntStatus'), ticketFile),
  'Manifest-header-not-json': [manifest(), 'not-json'],
  'Manifest-cut-short': [manifest(), 'not-json'],
  'Manifest-trust-by-other-ca': [manifest(), 'jws-signature'],
  'Manifest-trust-by-leaf': [manifest(), 'jws-signature'],
  'Manifest-trust-byte': [manifest(), 'jws-signature'],
  'Manifest-trust-typ': [manifest(), 'jws-typ'],
  'Manifest-trust-foreign-deployment': [manifest(), 'deployment'],
  'Manifest-deployment-not-of-trust': [manifest(), 'deployment'],
  'Manifest-foreign-deployment': [manifest(), 'deployment'],
  'Manifest-lower-epoch': [manifest(seenManifest(1)), 'trust-epoch'],
  'Manifest-lower-version': [manifest(seenManifest(1772366400000)), 'lower-version'],
  'Manifest-equal-version': [manifest(seenManifest(1772366400000)), 'same-version-other-bytes'],
  'JobFile-other-queue': [jobs(), 'other-queue'],
  'JobFile-foreign-deployment': [jobs(), 'deployment'],
  'JobFile-lower-version': [jobs(OWN_QUEUE, seenJobs(1772366400500)), 'lower-version'],
  'JobFile-equal-version': [
    jobs(OWN_QUEUE, seenJobs(1772366400500, digestOf('jobs-empty'))),
    'same-version-other-bytes',
  ],
  'JobFile-depth-33': [jobs(), 'too-deep'],
  'JobFile-too-large': [jobs(), 'too-large'],
  'JobFile-entry-id-escapes': [jobs(), 'schema'],
  'JobFile-entry-state-unknown': [jobs(), 'schema'],
  'JobFile-own-queue-escapes': [jobs(), 'schema'],
  'JobFile-nine-label-queues': [jobs(), 'schema'],
  'Spec-expired': [spec(), 'flow-expired'],
  'Spec-from-the-future': [spec(), 'flow-expired'],
  'Spec-other-digest': [spec(FLOW, digestOf('spec-client-ListProcesses')), 'digest'],
  'Spec-of-another-flow': [spec(), 'digest'],
  'Spec-results-of-another-client': [spec(), 'schema'],
  'Spec-tickets-elsewhere': [spec(), 'schema'],
  'Spec-hunt-results-in-client': [spec(HUNT), 'schema'],
  'Spec-hunt-with-client-target': [spec(HUNT), 'schema'],
  'Spec-flow-with-labels-target': [spec(), 'schema'],
  'Spec-flow-id-escapes': [spec('F_../../../public/x'), 'schema'],
  'Spec-client-id-escapes': [spec(), 'schema'],
  'Spec-collection-name-escapes': [spec(), 'schema'],
  'Spec-table-name-injects': [spec(), 'schema'],
  'Spec-table-reserved': [spec(), 'schema'],
  'Spec-column-twice': [spec(), 'schema'],
  'Spec-index-of-no-column': [spec(), 'schema'],
  'Spec-type-unknown': [spec(), 'schema'],
  'Spec-action-unknown': [spec(), 'schema'],
  'Spec-no-actions': [spec(), 'schema'],
  'Spec-no-queries': [spec(), 'schema'],
  'Spec-ends-before-it-begins': [spec(), 'schema'],
  'Spec-time-without-milliseconds': [spec(), 'schema'],
  'Spec-time-with-offset': [spec(), 'schema'],
  'Spec-sample-not-hex': [spec(HUNT), 'schema'],
  'Spec-retry-of-done': [spec(HUNT), 'schema'],
  'FlowStatus-payload-of-a-hunt': [ticket('FlowStatus'), 'schema'],
  'Startup-payload-of-a-flow': [ticket('Startup'), 'schema'],
  'FlowStatus-hunt-id': [ticket('FlowStatus'), 'schema'],
  'FlowStatus-state-unknown': [ticket('FlowStatus'), 'schema'],
  'FlowStatus-digest-short': [ticket('FlowStatus'), 'schema'],
  'FlowStatus-key-of-another-client': [ticket('FlowStatus'), 'bad-key'],
  'FlowStatus-key-of-another-flow': [ticket('FlowStatus'), 'bad-key'],
  'FlowStatus-key-escapes': [ticket('FlowStatus'), 'bad-key'],
  'FlowStatus-key-in-public': [ticket('FlowStatus'), 'bad-key'],
  'FlowStatus-file-key-escapes': [ticket('FlowStatus'), 'bad-key'],
  'FlowStatus-files-collection-escapes': [ticket('FlowStatus'), 'bad-key'],
  'FlowRecord-hunt-state-unknown': [record('FlowRecord'), 'schema'],
  'FlowRecord-no-attempts': [record('FlowRecord'), 'schema'],
  'ClientRecord-client-id-escapes': [record('ClientRecord'), 'schema'],
  'agent-config-unknown-field': [plain(AgentConfig), 'schema'],
  'agent-config-secret-escapes': [plain(AgentConfig), 'schema'],
  'agent-config-file-url': [plain(AgentConfig), 'schema'],
  'ledger-verdict-unknown': [plain(LedgerLine), 'schema'],
  'location-type-unknown': [plain(Location), 'schema'],
  'location-javascript-url': [plain(Location), 'schema'],
  'location-put-url': [plain(Location), 'schema'],
  'grant-id-escapes': [plain(Grant), 'schema'],
};

describe('golden files', () => {
  it('have one row each', () => {
    expect(names('accepted')).toEqual(Object.keys(accepted).sort());
    expect(names('refused')).toEqual(Object.keys(refused).sort());
  });

  it.each(Object.entries(accepted))('%s is accepted with its facts', async (name, [how, facts]) => {
    expect(await how(read(`accepted/${name}.json`))).toMatchObject(facts);
  });

  it.each(Object.entries(refused))('%s is refused by its code', async (name, [how, code]) => {
    const outcome = await how(read(`refused/${name}.json`)).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Refusal ? error.code : error),
    );
    expect(outcome).toBe(code);
  });
});

describe('a CA of another kind of key', () => {
  it('is refused as such: it could sign nothing that is accepted', async () => {
    const p256 = new X509Certificate(read('certificates/leaf-p256.pem'));
    const text = read('accepted/manifest.json');
    await expect(readManifest(text, { ca: p256, now: NOW, marks: emptyMarks() })).rejects.toMatchObject({
      code: 'jws-algorithm',
    });
  });
});

describe('limits at their edge', () => {
  const padded = (path: string, bytes: number): string => read(path).padEnd(bytes, ' ');
  it('takes a job file of 1 MiB and a ticket of 256 KiB, and not one byte more', async () => {
    await expect(jobs()(padded('accepted/jobs-empty.json', 1_048_576))).resolves.toBeDefined();
    await expect(jobs()(padded('accepted/jobs-empty.json', 1_048_577))).rejects.toMatchObject({ code: 'too-large' });
    await expect(manifest()(padded('accepted/manifest.json', 1_048_577))).rejects.toMatchObject({ code: 'too-large' });
    await expect(ticket('Startup')(padded('accepted/startup.json', 262_144))).resolves.toBeDefined();
    await expect(ticket('Startup')(padded('accepted/startup.json', 262_145))).rejects.toMatchObject({
      code: 'too-large',
    });
  });

  it('counts bytes, not characters', () => {
    expect(() => parseJson('"ééé"', 'it', 7)).toThrow(/larger than 7 bytes/);
    expect(parseJson('"ééé"', 'it', 8)).toBe('ééé');
  });

  it('counts no brackets inside of strings', () => {
    const text = JSON.stringify(`${'['.repeat(100)}"\\${'{'.repeat(100)}`);
    expect(parseJson(text, 'it', 1000)).toBe(`${'['.repeat(100)}"\\${'{'.repeat(100)}`);
  });

  it('starts a flow up to the last millisecond, and ten minutes before it was created', async () => {
    const text = read('accepted/spec-client-Interrogate.json');
    const file = parseSignedFile(text, 'the spec', MAX_JOB_FILE_BYTES);
    const { spec: it } = await readSpec({ flow_id: FLOW, spec: file }, { trust, now: NOW });
    expect(() => checkStartable(it, new Date('2026-03-08T10:00:00.000Z'))).not.toThrow();
    expect(() => checkStartable(it, new Date('2026-03-08T10:00:00.001Z'))).toThrow(/expired/);
    expect(() => checkStartable(it, new Date('2026-03-01T09:50:00.000Z'))).not.toThrow();
    expect(() => checkStartable(it, new Date('2026-03-01T09:49:59.999Z'))).toThrow(/future/);
  });
});
