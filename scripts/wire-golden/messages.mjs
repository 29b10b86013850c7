// The messages of the golden files, written out by hand: plain objects, no schema.
export const DEPLOYMENT = '0123456789abcdef0123456789abcdef';
export const OTHER_DEPLOYMENT = 'fedcba9876543210fedcba9876543210';
export const OWN_QUEUE = 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1';
export const ALL_QUEUE = 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2';
export const LABEL_QUEUE = 'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3';
export const FLOW = 'F_00000000000000f1';
export const HUNT = 'H_00000000000000a1';
const NONCE = '00112233445566778899aabbccddeeff';
const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const BASE = 'https://s3.example.org/evidence';

export const policy = (prefix, template, min, max) => ({
  __type__: 'S3SignedPolicy',
  url: BASE,
  path_prefix: prefix,
  path_template: template,
  fields: {
    policy: 'eyJleHBpcmF0aW9uIjoiMjAyNi0wMy0wOFQwMDowMDowMC4wMDBaIn0=',
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': 'UPLOADONLY/20260301/us-east-1/s3/aws4_request',
    'x-amz-date': '20260301T000000Z',
    'x-amz-signature': 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00',
  },
  min_bytes: min,
  max_bytes: max,
  expires_at: '2026-03-08T00:00:00.000Z',
});

export const locations = {
  S3SignedPolicy: policy(`hunts/${HUNT}/vfs/`, 'analysis/{name}/{client_id}/{nonce}.sqlite.gz', 1, 1073741824),
  S3SignedUrl: {
    __type__: 'S3SignedUrl',
    url: `${BASE}/exports/X_0000000000000001/all.csv?X-Amz-Expires=600`,
    method: 'GET',
    expires_at: '2026-03-01T12:10:00.000Z',
  },
  PublicRead: { __type__: 'PublicRead', url: `${BASE}/public/${DEPLOYMENT}/manifest` },
  LocalFile: { __type__: 'LocalFile', path: '/var/lib/rekall/offline/pslist.sqlite.gz' },
  S3Object: {
    __type__: 'S3Object',
    bucket: 'evidence',
    key: `hunts/${HUNT}/vfs/analysis/pslist/C.0000000000000001/${NONCE}.sqlite.gz`,
  },
};

export const trust = (signing, more = {}) => ({
  __type__: 'Trust',
  deployment: DEPLOYMENT,
  epoch: 2,
  signing,
  issued_at: '2026-01-01T00:00:00.000Z',
  ...more,
});

export const manifest = (trustFile, more = {}) => ({
  __type__: 'Manifest',
  version: 1772366400000,
  deployment: DEPLOYMENT,
  trust: trustFile,
  issued_at: '2026-03-01T11:00:00.000Z',
  not_after: '2026-03-08T11:00:00.000Z',
  startup_actions: [{ __type__: 'Interrogate' }],
  poll_min: 5,
  poll_max: 600,
  upload_base: BASE,
  ticket_grant: { id: 'tickets', location: policy('tickets/', '{type}/{client_id}/{nonce}-{seq}.json', 1, 262144) },
  all_queue: ALL_QUEUE,
  limits: { upload_rate: 10000000, upload_bytes_per_day: 10737418240, spool_bytes: 2147483648 },
  ...more,
});

const pslist = {
  __type__: 'Collection',
  name: 'pslist',
  tables: [
    {
      name: 'pslist',
      columns: [
        { name: 'pid', type: 'int', description: 'process id' },
        { name: 'name', type: 'unicode' },
        { name: 'cpu', type: 'float' },
        { name: 'environ', type: 'bytes' },
        { name: 'start_time', type: 'epoch' },
        { name: 'kernel_thread', type: 'bool' },
        { name: 'raw', type: 'json' },
      ],
      indexes: ['pid', 'name'],
    },
  ],
};

/** One action of each flow type, with every optional field in use somewhere. */
const actions = {
  ListProcesses: [
    {
      __type__: 'Collect',
      queries: { mode_live: 'SELECT * FROM pslist()', mode_linux_api: 'SELECT pid, name FROM pslist()' },
      collection: pslist,
    },
  ],
  Collect: [
    {
      __type__: 'Collect',
      condition: 'any agent_info where system == "Linux"',
      queries: { mode_live: 'SELECT * FROM pslist() WHERE name == {name}' },
      query_parameters: { name: 'sshd' },
      collection: pslist,
    },
    {
      __type__: 'Collect',
      queries: { mode_live: 'SELECT * FROM pslist() WHERE pid == {0}' },
      query_parameters: [1],
      collection: pslist,
    },
  ],
  ListDirectory: [{ __type__: 'ListDirectory', path: '/etc/ssl', depth: 3, one_device: true, filter: 'size > 100' }],
  FileFinder: [
    {
      __type__: 'FileFinder',
      globs: ['%%users.homedir%%/.ssh/{id_*,authorized_keys}', '/var/log/**3/*.log'],
      conditions: [
        { __type__: 'Size', min: 1, max: 1048576 },
        { __type__: 'ModificationTime', min: 1767225600.5 },
        { __type__: 'AccessTime', max: 1772366400 },
        { __type__: 'InodeChangeTime', min: 0 },
        { __type__: 'Owner', uid: 0, gid: 0 },
        { __type__: 'Mode', mask: 2048, value: 2048 },
        { __type__: 'ContentsLiteral', literal: 'UFJJVkFURSBLRVk=', first_bytes: 4096 },
        { __type__: 'ContentsRegex', regex: 'BEGIN [A-Z]+ PRIVATE KEY' },
      ],
      do: 'upload',
      max_file_bytes: 1048576,
    },
  ],
  GetFiles: [{ __type__: 'GetFiles', paths: ['/etc/passwd', '/root/.bash_history'], max_file_bytes: 67108864 }],
  CollectArtifacts: [
    {
      __type__: 'CollectArtifacts',
      artifacts: [
        {
          name: 'LinuxPasswd',
          definition: { name: 'LinuxPasswd', sources: [{ type: 'FILE', attributes: { paths: ['/etc/passwd'] } }] },
        },
      ],
    },
  ],
  Interrogate: [{ __type__: 'Interrogate' }],
};
export const flowTypes = Object.keys(actions);

const quota = { cpu_seconds: 300, wall_seconds: 3600, memory_bytes: 536870912, rows: 10000000, bytes: 1073741824 };

/** The spec of a flow on one client: only what must be there. */
export const flowSpec = (type, clientId, more = {}) => ({
  __type__: type,
  version: 1,
  flow_id: FLOW,
  actions: actions[type],
  target: { __type__: 'Client', client_id: clientId },
  quota,
  key_prefixes: { tickets: `tickets/FlowStatus/${FLOW}/`, results: `${clientId}/vfs/` },
  created_at: '2026-03-01T10:00:00.000Z',
  expires_at: '2026-03-08T10:00:00.000Z',
  ...more,
});

/** The spec of a hunt: every optional field in use. */
export const huntSpec = (type, more = {}) => ({
  __type__: type,
  version: 1,
  flow_id: HUNT,
  actions: actions[type],
  condition: 'any agent_info where system == "Linux"',
  target: { __type__: 'Labels', labels: ['All', 'web-servers'] },
  sample: { below: '1999999999999999' },
  quota,
  spread_seconds: 900,
  report_skips: true,
  retry: { only_if_last: ['Error', 'Crashed', 'none'] },
  key_prefixes: { tickets: `tickets/HuntStatus/${HUNT}/`, results: `hunts/${HUNT}/vfs/` },
  created_at: '2026-03-01T10:00:00.000Z',
  expires_at: '2026-03-08T10:00:00.000Z',
  requires: ['sample.1', 'retry.1', 'source.pslist.1'],
  ...more,
});

export const jobFile = (more = {}) => ({
  __type__: 'JobFile',
  version: 1772366400500,
  deployment: DEPLOYMENT,
  queue: OWN_QUEUE,
  issued_at: '2026-03-01T11:30:00.000Z',
  entries: [],
  grants: [],
  ...more,
});

const ticket = (who, more) => ({
  version: 1,
  client_id: who.client_id,
  seq: 7,
  nonce: NONCE,
  local_time: '2026-03-01T12:00:01.250Z',
  clock_offset_ms: -1500,
  agent_version: '0.1.0',
  ...more,
});

export const startup = (who, more = {}) => ({
  __type__: 'Startup',
  ...ticket(who, { seq: 0 }),
  queue: OWN_QUEUE,
  agent_start_time: '2026-03-01T11:59:00.000Z',
  boot_time: '2026-02-01T00:00:00.000Z',
  machine_digest: DIGEST,
  modes: ['mode_linux_api', 'mode_live'],
  capabilities: ['action.collect.1', 'sample.1', 'retry.1', 'parts.1', 'source.pslist.1'],
  labels: ['web-servers'],
  system_info: {
    system: 'Linux',
    node: 'web1',
    fqdn: 'web1.example.org',
    release: '6.12.0',
    kernel_version: '#1 SMP',
    machine: 'x86_64',
    architecture: 'x64',
    os_name: 'Debian GNU/Linux',
    os_version: '13',
    libc_version: 'glibc 2.41',
    install_time: '2025-06-01T00:00:00.000Z',
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['192.0.2.7', '2001:db8::7'] }],
    users: [{ username: 'root', uid: 0, home: '/root' }],
  },
  ...more,
});

const stored = { stored_bytes: 2048, stored_sha256: DIGEST, content_bytes: 8192, content_sha256: DIGEST };
export const status = (kind, who, state, more = {}) => {
  const id = kind === 'HuntStatus' ? HUNT : FLOW;
  const analysis =
    kind === 'HuntStatus'
      ? `hunts/${HUNT}/vfs/analysis/pslist/${who.client_id}`
      : `${who.client_id}/vfs/analysis/${FLOW}/pslist`;
  const files =
    kind === 'HuntStatus' ? `hunts/${HUNT}/vfs/files/${who.client_id}` : `${who.client_id}/vfs/files/${FLOW}`;
  const withResults = state === 'Done' && {
    collections: [
      {
        key: `${analysis}/${NONCE}.sqlite.gz`,
        ...stored,
        name: 'pslist',
        rows: { pslist: 123 },
        dropped_columns: ['extra'],
        null_coerced: 2,
      },
    ],
    files: [
      {
        key: `${files}/etc/!2e!2e!2e/caf!c3!a9/${NONCE}.gz`,
        ...stored,
        path: '/etc/.../caf\u00e9',
        path_bytes: 'L2V0Yy8uLi4vY2Fmw6k=',
      },
      {
        key: `${files}/var/big/${NONCE}/index.json`,
        ...stored,
        path: '/var/big',
        path_bytes: 'L3Zhci9iaWc=',
        parts: 3,
      },
    ],
  };
  return {
    __type__: kind,
    flow_id: id,
    ...ticket(who, {}),
    attempt: 1,
    spec_digest: DIGEST,
    state,
    progress: { actions_done: 1, actions_total: 1, rows: 123, bytes: 8192 },
    resources: { cpu_seconds: 0.5, wall_seconds: 1.25, memory_bytes: 52428800, rows: 123, bytes: 8192 },
    started_at: '2026-03-01T12:00:00.000Z',
    ...withResults,
    ...more,
  };
};

export const flowRecord = (id, spec, digest, more = {}) => ({
  __type__: 'FlowRecord',
  version: 1,
  deployment: DEPLOYMENT,
  flow_id: id,
  seq: 3,
  change: 'launch',
  at: '2026-03-01T10:00:00.000Z',
  by: 'U_alice',
  creator: 'U_alice',
  description: 'who runs sshd',
  created_at: '2026-03-01T10:00:00.000Z',
  entry_state: 'open',
  attempts: [{ attempt: 1, spec_digest: digest, spec }],
  ...more,
});

export const clientRecord = (who, more = {}) => ({
  __type__: 'ClientRecord',
  version: 1,
  deployment: DEPLOYMENT,
  client_id: who.client_id,
  seq: 2,
  at: '2026-03-01T10:00:00.000Z',
  by: 'U_alice',
  identity: who.identity,
  queue: OWN_QUEUE,
  registered_at: '2026-02-01T00:00:00.000Z',
  acceptance: 'accepted',
  labels: ['web-servers'],
  ...more,
});

export const agentConfig = (caPem, more = {}) => ({
  __type__: 'AgentConfig',
  version: 1,
  deployment: DEPLOYMENT,
  bucket_url: BASE,
  public_secret: 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1',
  ca_certificate: caPem,
  ...more,
});

export const ledgerLine = (key, more) => ({
  key,
  etag: '"5d41402abc4b2a76b9719d911017c592"',
  last_modified: '2026-03-01T12:00:02.000Z',
  ...more,
});
