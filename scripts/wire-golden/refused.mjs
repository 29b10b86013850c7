// The files that must be refused, each made from a good one by one change.
import { b64u, byAgent, byLeaf, header, hmacJws, jws } from './crypto.mjs';
import * as m from './messages.mjs';

const text = (value) => JSON.stringify(value);

/** Writes golden/refused. `world` holds the keys, certificates and good messages of wire-golden.mjs. */
export const writeRefused = ({
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
}) => {
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
    // Records outlive the leaf that signed them: neither its dates nor the present trust list count for those.
    const lasting = typ.endsWith('Record');
    for (const [name, bad] of Object.entries(badLeaves))
      if (!lasting || !['leaf-expired', 'leaf-not-yet-valid'].includes(name))
        refuse(`${typ}-${name}`, byLeaf(typ, payload, bad));
    if (!lasting) refuse(`${typ}-leaf-not-in-trust`, byLeaf(typ, payload, unlisted));
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
    refuse(
      `${typ}-crit-unknown`,
      jws({ ...header(typ, x5c), crit: ['b64', 'exp'], exp: 4102444800 }, payload, leaf.key),
    );
    refuse(`${typ}-crit-other`, jws({ ...header(typ, x5c), crit: ['exp'], exp: 4102444800 }, payload, leaf.key));
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
  refuse('Manifest-deployment-not-of-trust', byLeaf('Manifest', manifest({ deployment: m.OTHER_DEPLOYMENT }), leaf));
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
      actions: [
        { __type__: 'Collect', queries: {}, collection: JSON.parse(flowSpec('Collect')).actions[0].collection },
      ],
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
  refuse(
    'FlowStatus-hunt-id',
    byAgent('FlowStatus', text(m.status('FlowStatus', me, 'Error', { flow_id: m.HUNT })), me),
  );
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
};
