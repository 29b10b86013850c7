import { describe, expect, it } from 'vitest';
import type { StatusTicket } from '#wire';
import { newsOf, overdueSince, type Sign } from './conduct.js';
import { applyTicket } from './flow-run.js';

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 0, minute));

/** A ticket that came at one minute and says another. */
const sign = (state: StatusTicket['state'], came: number, says: number, more: Partial<StatusTicket> = {}): Sign => ({
  at: at(came),
  ends: state !== 'Started',
  ticket: {
    __type__: 'HuntStatus',
    version: 1,
    flow_id: 'H_00000000000000f1',
    client_id: 'C.0000000000000001',
    attempt: 1,
    spec_digest: 'd'.repeat(64),
    state,
    seq: 1,
    nonce: '0'.repeat(32),
    local_time: at(says).toISOString(),
    clock_offset_ms: 0,
    agent_version: '0.1.0',
    progress: { actions_done: 0, actions_total: 1, rows: 0, bytes: 0 },
    resources: { cpu_seconds: 0, wall_seconds: 0, memory_bytes: 0, rows: 0, bytes: 0 },
    logs: [],
    collections: [],
    files: [],
    ...more,
  },
});

const MINUTE = 60_000;
const clockOf = (...signs: Sign[]): number | null => newsOf(signs)[0]!.clockOffsetMs;

describe('a clock', () => {
  it('that is fast shows in every ticket', () => {
    expect(clockOf(sign('Started', 5, 50))).toBe(45 * MINUTE);
    expect(clockOf(sign('Done', 5, 50))).toBe(45 * MINUTE);
  });

  it('that is slow shows in what leaves at once; a final ticket waits for its results, and says nothing', () => {
    expect(clockOf(sign('Started', 50, 5))).toBe(-45 * MINUTE);
    expect(clockOf(sign('Done', 50, 5))).toBeNull();
    expect(newsOf([sign('Done', 50, 5)])[0]!.clockAt).toBeNull();
  });

  it('is what the newest ticket shows, in whatever order they are looked at', () => {
    const signs = [sign('Started', 1, 46), sign('Started', 3, 3), sign('Started', 2, 47)];
    expect(clockOf(...signs)).toBe(0);
    expect(newsOf(signs.toReversed())[0]).toMatchObject({ clockOffsetMs: 0, clockAt: at(3).toISOString() });
  });
});

describe('crashes and quotas', () => {
  it('count once for each attempt that they end', () => {
    const over = { error: 'Resource exceeded: wall seconds, limit 1, used 2' };
    const signs = [
      sign('Crashed', 1, 1),
      { ...sign('Crashed', 4, 4), ends: false }, // after the final one
      sign('Crashed', 2, 2, { flow_id: 'H_00000000000000f2' }),
      sign('Error', 3, 3, over),
      sign('Error', 5, 5, { error: 'no such table: Resource exceeded: x' }),
      sign('Done', 6, 6, over),
    ];
    expect(newsOf(signs)).toEqual([
      {
        id: 'C.0000000000000001',
        first: at(1).toISOString(),
        last: at(6).toISOString(),
        clockOffsetMs: null,
        clockAt: null,
        crashes: 2,
        crashedAt: at(2).toISOString(),
        overQuota: 1,
        overQuotaAt: at(3).toISOString(),
        overdue: 0,
        overdueAt: null,
      },
    ]);
  });

  it('are each client’s own', () => {
    const other = sign('Crashed', 2, 2, { client_id: 'C.0000000000000002' });
    expect(newsOf([sign('Done', 1, 1), other]).map(({ id, crashes }) => [id, crashes])).toEqual([
      ['C.0000000000000001', 0],
      ['C.0000000000000002', 1],
    ]);
  });
});

describe('what is overdue', () => {
  const arrival = ({ ticket, at: came }: Sign) => ({ key: 'k', at: came, ticket: ticket as StatusTicket });
  const begun = applyTicket(undefined, arrival(sign('Started', 1, 1))).run;

  it('had begun and ends after its time', () => {
    expect(overdueSince(begun, arrival(sign('Done', 11, 11)), at(10))).toEqual(at(10));
    expect(newsOf([{ ...sign('Done', 11, 11), overdueSince: at(10) }])[0]).toMatchObject({
      overdue: 1,
      overdueAt: at(10).toISOString(),
    });
  });

  it('is not what ends in time, never began, only goes on, or was counted when it expired', () => {
    const late = arrival(sign('Done', 11, 11));
    expect(overdueSince(begun, arrival(sign('Done', 10, 10)), at(10))).toBeUndefined();
    expect(overdueSince(undefined, late, at(10))).toBeUndefined();
    expect(overdueSince(begun, arrival(sign('Started', 11, 11)), at(10))).toBeUndefined();
    expect(overdueSince({ ...begun, state: 'Expired' }, late, at(10))).toBeUndefined();
    expect(overdueSince({ ...begun, attempt: 2 }, late, at(10))).toBeUndefined();
  });
});
