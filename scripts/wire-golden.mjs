// Writes libs/wire/golden from constants, without any of our own code: see libs/wire/golden/README.md.
// The committed files are what the tests read; run this again only to add a file. It is deterministic.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  agent,
  b64u,
  byAgent,
  byLeaf,
  certificate,
  header,
  hmacJws,
  jws,
  key,
  sha256sum,
} from './wire-golden/crypto.mjs';
import * as m from './wire-golden/messages.mjs';

const root = fileURLToPath(new URL('../libs/wire/golden', import.meta.url));
if (process.argv.includes('--help')) {
  console.log('wire-golden: writes the golden files of libs/wire/golden; needs openssl and sha256sum');
  process.exit(0);
}
for (const folder of ['accepted', 'refused', 'certificates'])
  rmSync(join(root, folder), { recursive: true, force: true });

const text = (value) => JSON.stringify(value);
const put = (path, content) => {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, typeof content === 'string' || Buffer.isBuffer(content) ? content : text(content), {
    flag: 'wx',
  });
};

// ---- keys and certificates --------------------------------------------------------------------------------------
const [from, to] = ['20260101000000Z', '20270101000000Z'];
const ten = { from: '20250101000000Z', to: '20350101000000Z', kind: 'ca' };
const ca = certificate({ subject: 'golden CA', keyName: 'ca', ...ten });
const otherCa = certificate({ subject: 'other CA', keyName: 'other ca', ...ten });
const sameNameCa = certificate({ subject: 'golden CA', keyName: 'other ca', ...ten });
const sameKeyCa = certificate({ subject: 'renamed CA', keyName: 'ca', ...ten });
const leafOf = (name, more = {}) =>
  certificate({ subject: `golden ${name}`, keyName: name, issuer: ca, kind: 'leaf', from, to, ...more });
const leaf = leafOf('leaf');
/** Leaves that sign correctly and must still be refused; the name is that of their files. */
const badLeaves = {
  'other-chain': leafOf('other-chain', { issuer: otherCa }),
  'chain-of-same-name': leafOf('chain-of-same-name', { issuer: sameNameCa }),
  'chain-of-same-key': leafOf('chain-of-same-key', { issuer: sameKeyCa }),
  'ca-as-leaf': ca,
  'sub-ca-as-leaf': leafOf('sub-ca-as-leaf', { kind: 'ca-with-usage' }),
  'leaf-without-usage': leafOf('leaf-without-usage', { kind: 'leaf-without-usage' }),
  'leaf-server-auth': leafOf('leaf-server-auth', { kind: 'leaf-server-auth' }),
  'leaf-two-usages': leafOf('leaf-two-usages', { kind: 'leaf-two-usages' }),
  'leaf-expired': leafOf('leaf-expired', { from: '20250101000000Z', to: '20260301115959Z' }),
  'leaf-not-yet-valid': leafOf('leaf-not-yet-valid', { from: '20260301121001Z' }),
};
const unlisted = leafOf('leaf-not-in-trust');
const lastSecond = leafOf('leaf-last-second', { to: '20260301120000Z' });
const early = leafOf('leaf-early', { from: '20260301121000Z' });
const ecLeaf = leafOf('leaf-p256', { curve: 'p256' });
const certificates = {
  ca,
  'other-ca': otherCa,
  leaf,
  ...badLeaves,
  'leaf-not-in-trust': unlisted,
  'leaf-last-second': lastSecond,
  'leaf-early': early,
  'leaf-p256': ecLeaf,
};
delete certificates['ca-as-leaf'];
for (const [name, { pem }] of Object.entries(certificates)) put(`certificates/${name}.pem`, pem);
const me = agent('agent');
const other = agent('other agent');

const expected = { certificates: {}, agents: {}, digests: {} };
for (const [name, { fingerprint }] of Object.entries(certificates)) expected.certificates[name] = fingerprint;
for (const [name, who] of Object.entries({ agent: me, other }))
  expected.agents[name] = { identity: who.identity, client_id: who.client_id };
const accept = (name, file) => {
  put(`accepted/${name}.json`, file);
  if (file.payload !== undefined) expected.digests[name] = sha256sum(file.payload);
  return file;
};
const refuse = (name, file) => put(`refused/${name}.json`, file);

// ---- trust and Manifest -----------------------------------------------------------------------------------------
const listed = [leaf, ecLeaf, lastSecond, early, ...Object.values(badLeaves)].map((c) => c.fingerprint);
const trustPayload = (more) => text(m.trust(listed, more));
const trust = accept('trust', jws(header('Trust'), trustPayload(), ca.key));
const trustOf = (more) => jws(header('Trust'), trustPayload(more), ca.key);
const manifest = (more, trustFile = trust) => text(m.manifest(trustFile, more));
const jobs = (more) => text(m.jobFile(more));
const flowSpec = (type = 'ListProcesses', more = {}) => text(m.flowSpec(type, me.client_id, more));
const huntSpec = (type = 'ListProcesses', more = {}) => text(m.huntSpec(type, more));

accept('manifest', byLeaf('Manifest', manifest(), leaf));
accept('manifest-extra-fields', byLeaf('Manifest', manifest({ colour: 'blue', later: { field: [1, null] } }), leaf));
accept('manifest-higher-epoch', byLeaf('Manifest', manifest({ version: 3 }, trustOf({ epoch: 3 })), leaf));
accept(
  'manifest-odd-spacing',
  byLeaf('Manifest', JSON.stringify(m.manifest(trust), null, 3).replace('"Manifest"', '"\\u004danifest"'), leaf),
);

// ---- specs and job files ----------------------------------------------------------------------------------------
for (const type of m.flowTypes) {
  accept(`spec-client-${type}`, byLeaf('Spec', flowSpec(type), leaf));
  accept(`spec-hunt-${type}`, byLeaf('Spec', huntSpec(type), leaf));
}
accept('spec-extra-fields', byLeaf('Spec', flowSpec('Interrogate', { colour: 'blue' }), leaf));
const spec = byLeaf('Spec', flowSpec(), leaf);
const grants = [
  { id: 'client', location: m.policy(`${me.client_id}/vfs/`, '{path}/{nonce}', 1, 1073741824) },
  { id: 'hunt.a1', location: m.policy(`hunts/${m.HUNT}/vfs/`, '{path}/{nonce}', 1, 1073741824) },
];
const entry = (state, attempt = 1) => ({ flow_id: m.FLOW, attempt, state, spec, grants: ['client'] });
const ownFields = {
  registered_at: '2026-02-01T00:00:00.000Z',
  queues: [{ label: 'web-servers', queue: m.LABEL_QUEUE }],
};
accept(
  'jobs-own',
  byLeaf(
    'JobFile',
    jobs({ ...ownFields, entries: [entry('open'), entry('closed', 2), entry('cancelled', 3)], grants }),
    leaf,
  ),
);
accept(
  'jobs-all',
  byLeaf(
    'JobFile',
    jobs({
      queue: m.ALL_QUEUE,
      entries: [{ ...entry('open'), flow_id: m.HUNT, spec: byLeaf('Spec', huntSpec(), leaf), grants: ['hunt.a1'] }],
      grants,
    }),
    leaf,
  ),
);
accept('jobs-empty', JSON.stringify(byLeaf('JobFile', jobs(), leaf), null, 2) + '\n');
accept('jobs-leaf-last-second', byLeaf('JobFile', jobs(), lastSecond));
accept('jobs-leaf-early', byLeaf('JobFile', jobs(), early));
accept('jobs-unprotected-header', { ...byLeaf('JobFile', jobs(), leaf), header: { b64: true, alg: 'none' } });
const nested = (levels) =>
  jobs({ deep: 0 }).replace('"deep":0', `"deep":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}`);
accept('jobs-depth-32', byLeaf('JobFile', nested(32), leaf));

// ---- tickets, records, plain messages ---------------------------------------------------------------------------
accept('startup', byAgent('Startup', text(m.startup(me)), me));
accept(
  'startup-cloned',
  byAgent('Startup', text(m.startup(me, { cloned_from: other.client_id, errors: ['state lost'], colour: 'blue' })), me),
);
for (const kind of ['FlowStatus', 'HuntStatus'])
  for (const state of ['Started', 'Done', 'Error', 'Cancelled', 'Crashed', 'Rejected', 'Skipped']) {
    const more =
      state === 'Error'
        ? {
            error: 'Resource exceeded: cpu_seconds, 300, 301',
            backtrace: 'at pslist',
            logs: [{ time: '2026-03-01T12:00:01.000Z', level: 'warn', message: 'slow' }],
          }
        : {};
    accept(`${kind}-${state}`, byAgent(kind, text(m.status(kind, me, state, more)), me));
  }
const digest = sha256sum(flowSpec());
const huntStates = ['Draft', 'Waiting', 'Running', 'Paused', 'Stopped', 'Completed', 'Refused'];
accept('FlowRecord-flow', byLeaf('FlowRecord', text(m.flowRecord(m.FLOW, spec, digest)), leaf));
for (const state of huntStates)
  accept(
    `FlowRecord-hunt-${state}`,
    byLeaf('FlowRecord', text(m.flowRecord(m.HUNT, spec, digest, { hunt_state: state })), leaf),
  );
accept(
  'FlowRecord-leaf-expired',
  byLeaf(
    'FlowRecord',
    text(m.flowRecord(m.FLOW, spec, digest, { entry_state: 'closed', ended_at: '2026-02-01T00:00:00.000Z' })),
    badLeaves['leaf-expired'],
  ),
);
accept('ClientRecord', byLeaf('ClientRecord', text(m.clientRecord(me)), leaf));
accept(
  'ClientRecord-tombstone',
  byLeaf('ClientRecord', text(m.clientRecord(me, { acceptance: 'refused', labels: [], tombstone: true })), leaf),
);

const ticketText = text(byAgent('Startup', text(m.startup(me)), me));
const startupKey = `tickets/Startup/${me.client_id}/00112233445566778899aabbccddeeff-0.json`;
accept('ledger-accepted', m.ledgerLine(startupKey, { verdict: 'accepted', ticket: ticketText }));
accept('ledger-duplicate', m.ledgerLine(startupKey, { verdict: 'duplicate', ticket: ticketText }));
accept(
  'ledger-after_final',
  m.ledgerLine(startupKey, { verdict: 'after_final', ticket: ticketText, reason: 'Done came first' }),
);
accept(
  'ledger-quarantined',
  m.ledgerLine('tickets/x', { verdict: 'quarantined', reason: 'bad_key', ticket_base64: '//79' }),
);
for (const [name, location] of Object.entries(m.locations)) accept(`location-${name}`, location);
accept('grant', grants[0]);
accept('agent-config-least', m.agentConfig(ca.pem));
accept(
  'agent-config-full',
  m.agentConfig(ca.pem, {
    state_dir: '/var/lib/rekall',
    labels: ['web-servers'],
    poll_min: 1,
    poll_max: 5.5,
    proxy: 'http://proxy.example.org:3128',
    extra_ca_file: '/etc/ssl/extra.pem',
    spool_bytes: 1048576,
    allow: { actions: ['Collect'], sources: ['pslist'], bytes_per_day: 1073741824 },
  }),
);

// ---- refused: by signature, certificate and trust, for each kind of server file -----------------------------------
const payloads = {
  Manifest: manifest(),
  JobFile: jobs(),
  Spec: flowSpec(),
  FlowRecord: text(m.flowRecord(m.FLOW, spec, digest)),
  ClientRecord: text(m.clientRecord(me)),
};
const x5c = { x5c: [leaf.der] };
for (const [typ, payload] of Object.entries(payloads)) {
  const good = byLeaf(typ, payload, leaf);
  for (const [name, bad] of Object.entries(badLeaves)) refuse(`${typ}-${name}`, byLeaf(typ, payload, bad));
  refuse(`${typ}-leaf-not-in-trust`, byLeaf(typ, payload, unlisted));
  refuse(
    `${typ}-other-chain-with-its-ca`,
    jws(header(typ, { x5c: [badLeaves['other-chain'].der, otherCa.der] }), payload, badLeaves['other-chain'].key),
  );
  refuse(`${typ}-wrong-key`, jws(header(typ, x5c), payload, other.key));
  refuse(`${typ}-agent-key`, byAgent(typ, payload, me));
  refuse(`${typ}-byte-of-payload`, { ...good, payload: payload.replace('"version":1', '"version":2') });
  const named = jws(header(typ, { ...x5c, kid: 'a' }), payload, leaf.key);
  refuse(`${typ}-byte-of-header`, { ...named, protected: b64u(text(header(typ, { ...x5c, kid: 'b' }))) });
  refuse(`${typ}-byte-of-signature`, {
    ...good,
    signature: (good.signature.startsWith('A') ? 'B' : 'A') + good.signature.slice(1),
  });
  refuse(`${typ}-alg-none`, { ...jws({ ...header(typ, x5c), alg: 'none' }, payload, leaf.key) });
  refuse(`${typ}-alg-none-unsigned`, {
    ...jws({ ...header(typ, x5c), alg: 'none' }, payload, leaf.key),
    signature: '',
  });
  refuse(`${typ}-alg-hs256`, hmacJws({ ...header(typ, x5c), alg: 'HS256' }, payload, leaf.pem));
  refuse(`${typ}-alg-ed25519`, jws({ ...header(typ, x5c), alg: 'Ed25519' }, payload, leaf.key));
  refuse(`${typ}-crit-unknown`, jws({ ...header(typ, x5c), crit: ['b64', 'exp'], exp: 4102444800 }, payload, leaf.key));
  refuse(`${typ}-crit-missing`, jws({ alg: 'EdDSA', b64: false, typ, ...x5c }, payload, leaf.key));
  refuse(`${typ}-b64-true`, jws({ ...header(typ, x5c), b64: true }, b64u(payload), leaf.key));
  refuse(`${typ}-b64-absent`, jws({ alg: 'EdDSA', typ, ...x5c }, b64u(payload), leaf.key));
  refuse(`${typ}-typ-wrong`, jws(header('Trust', x5c), payload, leaf.key));
  refuse(`${typ}-typ-absent`, jws({ alg: 'EdDSA', b64: false, crit: ['b64'], ...x5c }, payload, leaf.key));
  refuse(`${typ}-signature-absent`, { protected: good.protected, payload });
  refuse(`${typ}-p256-leaf`, jws(header(typ, { x5c: [ecLeaf.der] }), payload, leaf.key));
  refuse(`${typ}-certificate-cut`, jws(header(typ, { x5c: [leaf.der.slice(0, 100)] }), payload, leaf.key));
  refuse(`${typ}-payload-not-json`, byLeaf(typ, `${payload}}`, leaf));
  refuse(`${typ}-version-unknown`, byLeaf(typ, payload.replace(/"version":\d+/, '"version":"1"'), leaf));
}
refuse('Manifest-header-not-json', jws('{"alg":"EdDSA"', manifest(), leaf.key));
refuse('Manifest-cut-short', text(byLeaf('Manifest', manifest(), leaf)).slice(0, -2));
refuse(
  'Manifest-trust-by-other-ca',
  byLeaf('Manifest', manifest({}, jws(header('Trust'), trustPayload(), otherCa.key)), leaf),
);
refuse('Manifest-trust-by-leaf', byLeaf('Manifest', manifest({}, byLeaf('Trust', trustPayload(), leaf)), leaf));
refuse(
  'Manifest-trust-byte',
  byLeaf('Manifest', manifest({}, { ...trust, payload: trustPayload({ epoch: 9 }) }), leaf),
);
refuse('Manifest-trust-typ', byLeaf('Manifest', manifest({}, jws(header('Spec'), trustPayload(), ca.key)), leaf));
refuse(
  'Manifest-trust-foreign-deployment',
  byLeaf('Manifest', manifest({}, trustOf({ deployment: m.OTHER_DEPLOYMENT })), leaf),
);
refuse(
  'Manifest-foreign-deployment',
  byLeaf('Manifest', manifest({ deployment: m.OTHER_DEPLOYMENT }, trustOf({ deployment: m.OTHER_DEPLOYMENT })), leaf),
);
refuse('Manifest-lower-epoch', byLeaf('Manifest', manifest({ version: 1772366499999 }, trustOf({ epoch: 1 })), leaf));
refuse('Manifest-lower-version', byLeaf('Manifest', manifest({ version: 1772366399999 }), leaf));
refuse('Manifest-equal-version', byLeaf('Manifest', manifest({ poll_min: 4 }), leaf));

// ---- refused: job files and specs -------------------------------------------------------------------------------
refuse('JobFile-other-queue', byLeaf('JobFile', jobs({ queue: m.ALL_QUEUE }), leaf));
refuse('JobFile-foreign-deployment', byLeaf('JobFile', jobs({ deployment: m.OTHER_DEPLOYMENT }), leaf));
refuse('JobFile-lower-version', byLeaf('JobFile', jobs({ version: 1772366400499 }), leaf));
refuse('JobFile-equal-version', byLeaf('JobFile', jobs({ issued_at: '2026-03-01T11:30:00.001Z' }), leaf));
refuse('JobFile-depth-33', byLeaf('JobFile', nested(33), leaf));
const filled = (typ, payload, size, sign) => {
  const missing = size - text(sign(typ, payload)).length - '\\"pad\\":\\"\\",'.length;
  return text(sign(typ, payload.replace('{', `{"pad":"${'x'.repeat(missing)}",`)));
};
refuse(
  'JobFile-too-large',
  filled('JobFile', jobs(), 1024 * 1024 + 1, (typ, payload) => byLeaf(typ, payload, leaf)),
);
refuse(
  'JobFile-entry-id-escapes',
  byLeaf('JobFile', jobs({ entries: [{ ...entry('open'), flow_id: `${m.FLOW}/../../x` }] }), leaf),
);
refuse('JobFile-entry-state-unknown', byLeaf('JobFile', jobs({ entries: [entry('paused')] }), leaf));
refuse(
  'JobFile-own-queue-escapes',
  byLeaf('JobFile', jobs({ ...ownFields, queues: [{ label: 'web', queue: '../manifest' }] }), leaf),
);
refuse(
  'JobFile-nine-label-queues',
  byLeaf(
    'JobFile',
    jobs({ ...ownFields, queues: Array.from({ length: 9 }, (_, i) => ({ label: `l${i}`, queue: m.LABEL_QUEUE })) }),
    leaf,
  ),
);

const badSpec = (name, payload) => refuse(`Spec-${name}`, byLeaf('Spec', payload, leaf));
badSpec('expired', flowSpec('ListProcesses', { expires_at: '2026-03-01T11:59:59.999Z' }));
badSpec('from-the-future', flowSpec('ListProcesses', { created_at: '2026-03-01T12:10:00.001Z' }));
badSpec('other-digest', flowSpec('ListProcesses', { spread_seconds: 1 }));
badSpec(
  'of-another-flow',
  flowSpec('ListProcesses', {
    flow_id: 'F_00000000000000f2',
    key_prefixes: { tickets: 'tickets/FlowStatus/F_00000000000000f2/', results: `${me.client_id}/vfs/` },
  }),
);
badSpec(
  'results-of-another-client',
  flowSpec('ListProcesses', {
    key_prefixes: { tickets: `tickets/FlowStatus/${m.FLOW}/`, results: `${other.client_id}/vfs/` },
  }),
);
badSpec(
  'tickets-elsewhere',
  flowSpec('ListProcesses', { key_prefixes: { tickets: 'tickets/FlowStatus/', results: `${me.client_id}/vfs/` } }),
);
badSpec(
  'hunt-results-in-client',
  huntSpec('ListProcesses', {
    key_prefixes: { tickets: `tickets/HuntStatus/${m.HUNT}/`, results: `${me.client_id}/vfs/` },
  }),
);
badSpec(
  'hunt-with-client-target',
  huntSpec('ListProcesses', { target: { __type__: 'Client', client_id: me.client_id } }),
);
badSpec('flow-with-labels-target', flowSpec('ListProcesses', { target: { __type__: 'Labels', labels: ['All'] } }));
badSpec(
  'flow-id-escapes',
  flowSpec('ListProcesses', {
    flow_id: 'F_../../../public/x',
    key_prefixes: { tickets: 'tickets/FlowStatus/F_../../../public/x/', results: `${me.client_id}/vfs/` },
  }),
);
badSpec(
  'client-id-escapes',
  flowSpec('ListProcesses', {
    target: { __type__: 'Client', client_id: 'C.../../public' },
    key_prefixes: { tickets: `tickets/FlowStatus/${m.FLOW}/`, results: 'C.../../public/vfs/' },
  }),
);
badSpec('collection-name-escapes', flowSpec().replace('"name":"pslist","tables"', '"name":"../pslist","tables"'));
badSpec(
  'table-name-injects',
  flowSpec().replace('"tables":[{"name":"pslist"', '"tables":[{"name":"p; DROP TABLE metadata"'),
);
badSpec('table-reserved', flowSpec().replace('"tables":[{"name":"pslist"', '"tables":[{"name":"Metadata"'));
badSpec('column-twice', flowSpec().replace('"name":"cpu"', '"name":"PID"'));
badSpec('index-of-no-column', flowSpec().replace('"indexes":["pid","name"]', '"indexes":["ppid"]'));
badSpec('type-unknown', flowSpec().replace('"__type__":"ListProcesses"', '"__type__":"RunShell"'));
badSpec('action-unknown', flowSpec('Interrogate', { actions: [{ __type__: 'RunShell' }] }));
badSpec('no-actions', flowSpec('Interrogate', { actions: [] }));
badSpec(
  'no-queries',
  flowSpec('Collect', {
    actions: [{ __type__: 'Collect', queries: {}, collection: JSON.parse(flowSpec('Collect')).actions[0].collection }],
  }),
);
badSpec('ends-before-it-begins', flowSpec('Interrogate', { expires_at: '2026-03-01T10:00:00.000Z' }));
badSpec('time-without-milliseconds', flowSpec('Interrogate', { created_at: '2026-03-01T10:00:00Z' }));
badSpec('time-with-offset', flowSpec('Interrogate', { created_at: '2026-03-01T10:00:00.000+01:00' }));
badSpec('sample-not-hex', huntSpec('Interrogate', { sample: { below: '0.5' } }));
badSpec('retry-of-done', huntSpec('Interrogate', { retry: { only_if_last: ['Done'] } }));

// ---- refused: tickets -------------------------------------------------------------------------------------------
for (const [typ, payload] of Object.entries({
  Startup: text(m.startup(me)),
  FlowStatus: text(m.status('FlowStatus', me, 'Done')),
  HuntStatus: text(m.status('HuntStatus', me, 'Done')),
})) {
  const good = byAgent(typ, payload, me);
  const jwk = { jwk: me.jwk };
  refuse(`${typ}-wrong-key`, jws(header(typ, jwk), payload, other.key));
  refuse(`${typ}-of-another-client`, byAgent(typ, payload, other));
  refuse(`${typ}-byte-of-payload`, { ...good, payload: payload.replace('"seq":', '"seq":1') });
  refuse(`${typ}-by-a-leaf`, byLeaf(typ, payload, leaf));
  refuse(
    `${typ}-jwk-ec`,
    jws(header(typ, { jwk: { kty: 'EC', crv: 'P-256', x: me.jwk.x, y: me.jwk.x } }), payload, me.key),
  );
  refuse(
    `${typ}-jwk-oct`,
    hmacJws(header(typ, { jwk: { kty: 'oct', k: me.jwk.x } }), payload, Buffer.from(me.jwk.x, 'base64url')),
  );
  refuse(
    `${typ}-alg-hs256`,
    hmacJws({ ...header(typ, jwk), alg: 'HS256' }, payload, Buffer.from(me.jwk.x, 'base64url')),
  );
  refuse(`${typ}-alg-none`, jws({ ...header(typ, jwk), alg: 'none' }, payload, me.key));
  refuse(`${typ}-crit-unknown`, jws({ ...header(typ, jwk), crit: ['b64', 'exp'], exp: 1 }, payload, me.key));
  refuse(`${typ}-b64-absent`, jws({ alg: 'EdDSA', typ, ...jwk }, b64u(payload), me.key));
  refuse(`${typ}-typ-wrong`, byAgent('Spec', payload, me));
  refuse(`${typ}-signature-absent`, { protected: good.protected, payload });
  refuse(
    `${typ}-client-id-escapes`,
    byAgent(typ, payload.replace(`"client_id":"${me.client_id}"`, '"client_id":"C.../../public/manifest"'), me),
  );
  refuse(
    `${typ}-too-large`,
    filled(typ, payload, 256 * 1024 + 1, (_, body) => byAgent(typ, body, me)),
  );
}
refuse('FlowStatus-payload-of-a-hunt', byAgent('FlowStatus', text(m.status('HuntStatus', me, 'Done')), me));
refuse('Startup-payload-of-a-flow', byAgent('Startup', text(m.status('FlowStatus', me, 'Done')), me));
refuse('FlowStatus-hunt-id', byAgent('FlowStatus', text(m.status('FlowStatus', me, 'Error', { flow_id: m.HUNT })), me));
refuse('FlowStatus-state-unknown', byAgent('FlowStatus', text(m.status('FlowStatus', me, 'Pending')), me));
refuse(
  'FlowStatus-digest-short',
  byAgent('FlowStatus', text(m.status('FlowStatus', me, 'Error', { spec_digest: 'ab' })), me),
);
const done = m.status('FlowStatus', me, 'Done');
const namingKey = (k) =>
  byAgent('FlowStatus', text({ ...done, collections: [{ ...done.collections[0], key: k }] }), me);
refuse('FlowStatus-key-of-another-client', namingKey(done.collections[0].key.replace(me.client_id, other.client_id)));
refuse('FlowStatus-key-of-another-flow', namingKey(done.collections[0].key.replace(m.FLOW, 'F_00000000000000f2')));
refuse('FlowStatus-key-escapes', namingKey(done.collections[0].key.replace('/pslist/', '/../')));
refuse('FlowStatus-key-in-public', namingKey('public/b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1/manifest'));
const file = { ...done.files[0], key: done.files[0].key.replace('/etc/', '/etc/../') };
refuse('FlowStatus-file-key-escapes', byAgent('FlowStatus', text({ ...done, files: [file] }), me));
refuse(
  'FlowStatus-files-collection-escapes',
  byAgent(
    'FlowStatus',
    text({
      ...done,
      files: [],
      files_collection: { ...done.collections[0], name: 'files', key: `${me.client_id}/vfs/analysis/${m.FLOW}//x` },
    }),
    me,
  ),
);

// ---- refused: records and plain messages ------------------------------------------------------------------------
refuse(
  'FlowRecord-hunt-state-unknown',
  byLeaf('FlowRecord', text(m.flowRecord(m.HUNT, spec, digest, { hunt_state: 'Started' })), leaf),
);
refuse(
  'FlowRecord-no-attempts',
  byLeaf('FlowRecord', text(m.flowRecord(m.FLOW, spec, digest, { attempts: [] })), leaf),
);
refuse(
  'ClientRecord-client-id-escapes',
  byLeaf('ClientRecord', text(m.clientRecord(me, { client_id: 'C.../../x' })), leaf),
);
refuse('agent-config-unknown-field', m.agentConfig(ca.pem, { private_key: 'x' }));
refuse('agent-config-secret-escapes', m.agentConfig(ca.pem, { public_secret: '../../x' }));
refuse('agent-config-file-url', m.agentConfig(ca.pem, { bucket_url: 'file:///etc' }));
refuse('ledger-verdict-unknown', m.ledgerLine(startupKey, { verdict: 'lost', ticket: ticketText }));
refuse('location-type-unknown', { __type__: 'GCSObject', bucket: 'b', key: 'k' });
refuse('location-javascript-url', { ...m.locations.PublicRead, url: 'javascript:alert(1)' });
refuse('location-put-url', { ...m.locations.S3SignedUrl, method: 'PUT' });
refuse('grant-id-escapes', { ...grants[0], id: '../x' });

writeFileSync(join(root, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
console.log(
  `golden files written to ${root}; client id ${me.client_id}; seed of its key: ${b64u(key('agent').export({ format: 'der', type: 'pkcs8' }).subarray(-32)).slice(0, 8)}...`,
);
