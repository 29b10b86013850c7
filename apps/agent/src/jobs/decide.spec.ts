import { describe, expect, it } from 'vitest';
import { DEFAULT_QUOTA, Spec } from '#wire';
import type { AttemptRecord } from '../state/agent-state.js';
import { type AgentView, decide, orderEntries } from './decide.js';
import type { JobEntry } from './job-entry.js';
import { sourcesIn } from './spec-sources.js';

const CLIENT = 'C.0123456789abcdef';
const HUNT = 'H_00000000000000aa';
const FLOW = 'F_00000000000000aa';
const NOW = new Date('2026-03-01T12:00:00.000Z');

const spec = (id: string, more: Partial<Spec> = {}): Spec => {
  const hunt = id.startsWith('H_');
  return Spec.parse({
    __type__: 'Collect',
    version: 1,
    flow_id: id,
    actions: [{ __type__: 'Interrogate' }],
    target: hunt ? { __type__: 'Labels', labels: ['All', 'web'] } : { __type__: 'Client', client_id: CLIENT },
    quota: DEFAULT_QUOTA,
    key_prefixes: hunt
      ? { tickets: `tickets/HuntStatus/${id}/`, results: `hunts/${id}/vfs/` }
      : { tickets: `tickets/FlowStatus/${id}/`, results: `${CLIENT}/vfs/` },
    created_at: '2026-03-01T11:00:00.000Z',
    expires_at: '2026-03-01T13:00:00.000Z',
    ...more,
  });
};

const entry = (id: string, more: Partial<JobEntry> = {}, specMore: Partial<Spec> = {}): JobEntry => {
  const made = spec(id, specMore);
  return {
    flowId: id,
    attempt: 1,
    state: 'open',
    digest: 'd'.repeat(64),
    head: made,
    spec: made,
    role: id.startsWith('H_') ? { kind: 'label', label: 'All' } : { kind: 'own' },
    grants: [],
    ...more,
  };
};

const record = (id: string, attempt: number, outcome?: AttemptRecord['outcome']): AttemptRecord => ({
  flow_id: id,
  attempt,
  digest: 'd'.repeat(64),
  accepted_at: NOW.toISOString(),
  expires_at: '2026-03-01T13:00:00.000Z',
  ...(outcome === undefined ? {} : { outcome }),
});

const view = (more: Partial<AgentView> = {}): AgentView => ({
  clientId: CLIENT,
  agentVersion: '9.9.9',
  capabilities: new Set(['action.interrogate.1', 'sample.1']),
  denied: new Set(),
  sourcesIn,
  bytesPerDay: undefined,
  localFolder: undefined,
  registeredAt: '2026-03-01T10:00:00.000Z',
  lostAt: undefined,
  mayStart: true,
  now: NOW,
  attemptsOf: () => [],
  ...more,
});

const known = (...records: AttemptRecord[]): Partial<AgentView> => ({ attemptsOf: () => records });
const kindOf = (e: JobEntry, v: Partial<AgentView> = {}): string => decide(e, view(v)).kind;

describe('who is meant', () => {
  it("a flow names its client and stands in that client's own queue", () => {
    expect(kindOf(entry(FLOW))).toBe('run');
    expect(kindOf(entry(FLOW, { role: { kind: 'label', label: 'All' } }))).toBe('leave');
    expect(kindOf(entry(FLOW), { clientId: 'C.ffffffffffffffff' })).toBe('leave');
  });

  it('a hunt stands in the queue of a label that it names', () => {
    expect(kindOf(entry(HUNT))).toBe('run');
    expect(kindOf(entry(HUNT, { role: { kind: 'label', label: 'web' } }))).toBe('run');
    expect(kindOf(entry(HUNT, { role: { kind: 'label', label: 'db' } }))).toBe('leave');
    expect(kindOf(entry(HUNT, { role: { kind: 'own' } }))).toBe('leave');
  });

  it('the sample rule: first 8 bytes of SHA-256(flow id + client id) below the bound, registered before', () => {
    // printf 'H_00000000000000aaC.0123456789abcdef' | sha256sum
    const position = '4bfe472771e4bb7b';
    const sampled = (below: string) => entry(HUNT, {}, { sample: { below } });
    expect(kindOf(sampled('4bfe472771e4bb7c'))).toBe('run');
    expect(kindOf(sampled(position))).toBe('leave');
    expect(kindOf(sampled('ffffffffffffffff'), { registeredAt: undefined })).toBe('leave');
    expect(kindOf(sampled('ffffffffffffffff'), { registeredAt: '2026-03-01T11:00:00.001Z' })).toBe('leave');
    expect(kindOf(sampled('ffffffffffffffff'), { registeredAt: '2026-03-01T11:00:00.000Z' })).toBe('run');
    expect(kindOf(entry(HUNT), { registeredAt: undefined })).toBe('run');
  });
});

describe('when', () => {
  it('not after its end, and not ten minutes before its beginning', () => {
    expect(kindOf(entry(FLOW), { now: new Date('2026-03-01T13:00:00.001Z') })).toBe('leave');
    expect(kindOf(entry(FLOW), { now: new Date('2026-03-01T10:50:00.000Z') })).toBe('run');
    expect(kindOf(entry(FLOW), { now: new Date('2026-03-01T10:49:59.999Z') })).toBe('leave');
  });

  it("not while it is closed, not past the Manifest's date", () => {
    expect(kindOf(entry(FLOW, { state: 'closed' }))).toBe('leave');
    expect(kindOf(entry(FLOW), { mayStart: false })).toBe('leave');
  });

  it('never twice', () => {
    for (const outcome of ['Done', 'Error', 'Crashed', 'Skipped', 'Rejected', 'Cancelled', undefined] as const)
      expect(kindOf(entry(FLOW), known(record(FLOW, 1, outcome)))).toBe('leave');
    expect(kindOf(entry(FLOW), known(record(FLOW, 2, 'Done')))).toBe('leave');
  });

  it('a retry as its rule says, and only once the attempt before it has ended', () => {
    const retry = (...only_if_last: ('Error' | 'Crashed' | 'none')[]) =>
      entry(HUNT, { attempt: 3 }, { retry: { only_if_last } });
    expect(kindOf(retry('Error'), known(record(HUNT, 1, 'Done'), record(HUNT, 2, 'Error')))).toBe('run');
    expect(kindOf(retry('Error'), known(record(HUNT, 2, 'Done'), record(HUNT, 1, 'Error')))).toBe('leave');
    expect(kindOf(retry('none'), known())).toBe('run');
    expect(kindOf(retry('Error'), known())).toBe('leave');
    expect(kindOf(retry('none'), known(record(HUNT, 1, 'Skipped')))).toBe('leave');
    expect(kindOf(retry('Error', 'none'), known(record(HUNT, 2)))).toBe('leave');
  });
});

describe('what does not run is answered', () => {
  it('cancelled: killed when it runs, told when it never started, left when it ended', () => {
    const cancelled = entry(FLOW, { state: 'cancelled' });
    expect(kindOf(cancelled, known(record(FLOW, 1)))).toBe('cancel');
    expect(decide(cancelled, view())).toMatchObject({ kind: 'final', outcome: 'Cancelled' });
    expect(kindOf(cancelled, known(record(FLOW, 1, 'Done')))).toBe('leave');
    expect(kindOf(cancelled, { now: new Date('2026-03-01T13:00:01.000Z') })).toBe('leave');
  });

  it('issued before the state was lost', () => {
    const lost = { lostAt: '2026-03-01T11:00:00.000Z' };
    expect(decide(entry(HUNT), view(lost))).toEqual({ kind: 'final', outcome: 'Skipped', reason: 'state lost' });
    expect(kindOf(entry(HUNT), { lostAt: '2026-03-01T10:59:59.999Z' })).toBe('run');
  });

  it('needs what this agent lacks, named or not', () => {
    expect(decide(entry(HUNT, {}, { requires: ['sample.1', 'source.x.3'] }), view())).toEqual({
      kind: 'final',
      outcome: 'Rejected',
      reason: 'agent 9.9.9 lacks source.x.3',
    });
    const actions: Spec['actions'] = [{ __type__: 'GetFiles', paths: ['/etc/hosts'] }];
    expect(decide(entry(HUNT, {}, { actions }), view())).toMatchObject({
      reason: 'agent 9.9.9 lacks action.getfiles.1',
    });
  });

  it('writes to a local folder that is not allowed', () => {
    const local = (path: string) => entry(HUNT, { grants: [{ __type__: 'LocalFile', path }] });
    expect(decide(local('/media/stick'), view())).toEqual({
      kind: 'final',
      outcome: 'Rejected',
      reason:
        'the configuration of this agent does not allow it: it writes to the local folder /media/stick, and no local_folder is allowed',
    });
    const allowed = { localFolder: '/media/stick' };
    expect(kindOf(local('/media/stick'), allowed)).toBe('run');
    expect(kindOf(local('/media/stick/case-7'), allowed)).toBe('run');
    for (const path of ['/media/stick2', '/media', '/etc', 'stick', '/media/stick/../../etc', '/media/stick/./x', '/'])
      expect(decide(local(path), view(allowed))).toMatchObject({ kind: 'final', outcome: 'Rejected' });
  });

  it('is of a kind that this version cannot even read', () => {
    const { spec: _spec, ...unread } = entry(HUNT);
    const decision = decide({ ...unread, problem: 'malformed at actions.0.__type__' }, view());
    expect(decision).toMatchObject({ kind: 'final', outcome: 'Rejected' });
    expect(decision).toMatchObject({ reason: expect.stringContaining('actions.0.__type__') as string });
  });
});

describe('in which order', () => {
  it('targeted flows first, then the oldest', () => {
    const late = entry('H_0000000000000001', {}, { created_at: '2026-03-01T11:30:00.000Z' });
    const early = entry('H_0000000000000002');
    const flow = entry(FLOW, {}, { created_at: '2026-03-01T11:45:00.000Z' });
    expect(orderEntries([late, early, flow], CLIENT).map((e) => e.flowId)).toEqual([FLOW, early.flowId, late.flowId]);
  });

  it('a hunt in several queues counts once; cancelled in one of them is cancelled', () => {
    const all = entry(HUNT);
    const db = entry(HUNT, { role: { kind: 'label', label: 'db' } });
    const web = entry(HUNT, { role: { kind: 'label', label: 'web' }, state: 'cancelled' });
    expect(orderEntries([db, all], CLIENT)).toEqual([all]);
    expect(orderEntries([all, web], CLIENT)).toEqual([web]);
  });
});

describe('what the administrator of a machine does not allow', () => {
  const refusalOf = (e: JobEntry, v: Partial<AgentView>): unknown => {
    const decision = decide(e, view(v));
    return decision.kind === 'final' ? [decision.outcome, decision.reason] : decision.kind;
  };

  it('is refused, and said: an action, a source of a query, bytes', () => {
    const flow = entry('F_00000000000000aa');
    expect(refusalOf(flow, { denied: new Set(['action.interrogate.1']), capabilities: new Set() })).toEqual([
      'Rejected',
      'the configuration of this agent does not allow action.interrogate.1',
    ]);
    const asks = entry('F_00000000000000ab', {}, { condition: "any from pslist() where Name == 'x'" });
    expect(refusalOf(asks, { denied: new Set(['source.pslist.1']) })).toEqual([
      'Rejected',
      'the configuration of this agent does not allow source.pslist.1',
    ]);
    expect(refusalOf(asks, { denied: new Set(['source.lsof.1']) })).toBe('run');
    expect(refusalOf(flow, { bytesPerDay: 1000 })).toEqual([
      'Rejected',
      `the configuration of this agent allows 1000 bytes a day, the flow may use ${flow.spec!.quota.bytes}`,
    ]);
    expect(refusalOf(flow, { bytesPerDay: flow.spec!.quota.bytes })).toBe('run');
  });
});
