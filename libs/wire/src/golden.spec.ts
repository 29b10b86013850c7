import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  AgentConfig,
  checkStartable,
  emptyMarks,
  Grant,
  LedgerLine,
  Location,
  MAX_JOB_FILE_BYTES,
  parseJson,
  parseSignedFile,
  readManifest,
  readSpec,
  Refusal,
  type RefusalCode,
} from './index.js';
import {
  read,
  names,
  digestOf,
  NOW,
  OWN_QUEUE,
  FLOW,
  HUNT,
  trust,
  type Read,
  manifest,
  jobs,
  spec,
  ticket,
  record,
  plain,
  type Row,
  seenManifest,
  seenJobs,
} from '../../../test/support/golden.js';

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

describe('refused golden files', () => {
  it('have one row each', () => {
    expect(names('refused')).toEqual(Object.keys(refused).sort());
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
