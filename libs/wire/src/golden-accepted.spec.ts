import { describe, expect, it } from 'vitest';
import { AgentConfig, Grant, LedgerLine, Location, ResultGrant } from './index.js';
import {
  read,
  names,
  expected,
  me,
  digestOf,
  DEPLOYMENT,
  OWN_QUEUE,
  ALL_QUEUE,
  FLOW,
  HUNT,
  NONCE,
  manifest,
  jobs,
  spec,
  ticket,
  record,
  plain,
  trustList,
  type Row,
  seenManifest,
  seenJobs,
} from '../../../test/support/golden.js';

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

describe('accepted golden files', () => {
  it('have one row each', () => {
    expect(names('accepted')).toEqual(Object.keys(accepted).sort());
  });

  it.each(Object.entries(accepted))('%s is accepted with its facts', async (name, [how, facts]) => {
    expect(await how(read(`accepted/${name}.json`))).toMatchObject(facts);
  });
});
