// Writes libs/wire/golden from constants, without any of our own code: see libs/wire/golden/README.md.
// The committed files are what the tests read; run this again only to add a file. It is deterministic.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agent, byAgent, byLeaf, certificate, header, jws, sha256sum } from './wire-golden/crypto.mjs';
import * as m from './wire-golden/messages.mjs';
import { writeRefused } from './wire-golden/refused.mjs';

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
  'chain-of-same-name-and-no-ids': leafOf('chain-of-same-name-and-no-ids', {
    issuer: sameNameCa,
    kind: 'leaf-without-key-ids',
  }),
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
const accept = (name, file, written = file) => {
  put(`accepted/${name}.json`, written);
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
const empty = byLeaf('JobFile', jobs(), leaf);
accept('jobs-empty', empty, `${JSON.stringify(empty, null, 2)}\n`);
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
accept('FlowRecord-leaf-not-in-trust', byLeaf('FlowRecord', text(m.flowRecord(m.FLOW, spec, digest)), unlisted));
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
accept('grant-local', { id: 'offline', location: { __type__: 'LocalFile', path: '/media/stick/evidence' } });
accept('agent-config-local', m.agentConfig(ca.pem, { local_folder: '/media/stick' }));
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

writeRefused({
  refuse,
  ca,
  otherCa,
  leaf,
  badLeaves,
  unlisted,
  ecLeaf,
  me,
  other,
  trust,
  trustPayload,
  trustOf,
  manifest,
  jobs,
  flowSpec,
  huntSpec,
  spec,
  grants,
  entry,
  ownFields,
  nested,
  digest,
  startupKey,
  ticketText,
});
writeFileSync(join(root, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
console.log(`golden files written to ${root}`);
