import { describe, expect, it } from 'vitest';
import type { StatusTicket } from '#wire';
import { countChange, noCounts } from './counters.js';
import { applyTicket, type FlowRun } from './flow-run.js';

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

const ticket = (state: StatusTicket['state'], more: Partial<StatusTicket> = {}): StatusTicket => ({
  __type__: 'HuntStatus',
  version: 1,
  flow_id: 'H_00000000000000f1',
  client_id: 'C.0000000000000001',
  attempt: 1,
  spec_digest: 'd'.repeat(64),
  state,
  seq: 1,
  nonce: '0'.repeat(32),
  local_time: '2026-01-01T00:00:00.000Z',
  clock_offset_ms: 0,
  agent_version: '1',
  progress: { actions_done: 0, actions_total: 1, rows: 0, bytes: 0 },
  resources: { cpu_seconds: 0, wall_seconds: 0, memory_bytes: 0, rows: 0, bytes: 0 },
  logs: [],
  collections: [],
  files: [],
  ...more,
});

/** Applies tickets, one a second, and answers the run and each verdict. */
const play = (...tickets: StatusTicket[]): { run: FlowRun; verdicts: string[] } => {
  let run: FlowRun | undefined;
  const verdicts = tickets.map((t, i) => {
    const next = applyTicket(run, { key: `key-${i}`, at: at(i), ticket: t });
    run = next.run;
    return next.verdict;
  });
  if (run === undefined) throw new Error('no ticket');
  return { run, verdicts };
};

describe('a run', () => {
  it('starts, reports, and ends with its first final state', () => {
    const { run, verdicts } = play(
      ticket('Started'),
      ticket('Started'),
      ticket('Error', { error: 'first' }),
      ticket('Done'),
    );
    expect(run).toMatchObject({
      state: 'Error',
      error: 'first',
      ticketKey: 'key-2',
      startedAt: at(0),
      finishedAt: at(2),
      updatedAt: at(2),
    });
    expect(verdicts).toEqual(['accepted', 'accepted', 'accepted', 'after_final']);
  });

  it('takes only the start from a Started that comes after the end', () => {
    const done = applyTicket(undefined, { key: 'done', at: at(9), ticket: ticket('Done') }).run;
    const late = applyTicket(done, { key: 'started', at: at(3), ticket: ticket('Started') });
    expect(late).toMatchObject({
      verdict: 'accepted',
      run: { state: 'Done', ticketKey: 'done', startedAt: at(3), finishedAt: at(9) },
    });
  });

  it('does not go back to older progress', () => {
    const newer = applyTicket(undefined, { key: 'newer', at: at(9), ticket: ticket('Started') }).run;
    const older = applyTicket(newer, { key: 'older', at: at(3), ticket: ticket('Started') }).run;
    expect(older).toMatchObject({ ticketKey: 'newer', updatedAt: at(9), startedAt: at(3) });
  });

  it('belongs to its highest attempt', () => {
    const { run, verdicts } = play(ticket('Error'), ticket('Started', { attempt: 2 }), ticket('Done', { attempt: 1 }));
    expect(run).toMatchObject({ attempt: 2, state: 'Started', finishedAt: null, startedAt: at(1) });
    expect(verdicts).toEqual(['accepted', 'accepted', 'after_final']);
  });

  it('may still end after it expired, but not start', () => {
    const expired: FlowRun = { ...play(ticket('Started')).run, state: 'Expired' };
    const started = applyTicket(expired, { key: 'k', at: at(9), ticket: ticket('Started') });
    expect(started.run.state).toBe('Expired');
    expect(applyTicket(expired, { key: 'k', at: at(9), ticket: ticket('Done') }).run.state).toBe('Done');
  });

  it.each(['Done', 'Error', 'Cancelled', 'Crashed', 'Rejected', 'Skipped'] as const)('%s is final', (state) => {
    expect(play(ticket(state), ticket('Done')).run.state).toBe(state);
  });

  it('adds up rows and stored bytes of what it reports, files included', () => {
    const stored = { stored_sha256: '', content_sha256: '', content_bytes: 50 };
    const collection = {
      ...stored,
      key: 'a',
      name: 'x',
      stored_bytes: 10,
      rows: { x: 3, y: 4 },
      dropped_columns: [],
      null_coerced: 0,
    };
    const file = { ...stored, key: 'b', stored_bytes: 5, path: '/x', path_bytes: '' };
    const { run } = play(
      ticket('Done', { collections: [collection], files: [file], files_collection: { ...collection, key: 'c' } }),
    );
    expect(run).toMatchObject({ rows: 14n, bytes: 25n });
  });
});

describe('counters', () => {
  it('count each client once, by its present state', () => {
    const sum = noCounts();
    const started = { ...play(ticket('Started')).run, rows: 1n, bytes: 10n };
    const done = { ...play(ticket('Done')).run, rows: 7n, bytes: 70n };
    countChange(sum, undefined, started);
    expect(sum).toMatchObject({ started: 1, done: 0, rows: 1n, bytes: 10n });
    countChange(sum, started, done);
    expect(sum).toEqual({ ...noCounts(), done: 1, rows: 7n, bytes: 70n });
    countChange(sum, done, { ...done, state: 'Expired' });
    expect(sum).toEqual({ ...noCounts(), rows: 7n, bytes: 70n });
  });
});
