import { describe, expect, it } from 'vitest';
import { entryOf, entryStateAt, inFileOrder, type LiveFlow, makeRoom } from './live-entry.js';

const day = (n: number): Date => new Date(Date.UTC(2026, 0, n));
const flow = (more: Partial<LiveFlow> = {}): LiveFlow => ({
  id: 'H_00000000000000f1',
  clientId: null,
  labels: ['All'],
  entryState: 'open',
  createdAt: day(1),
  expiresAt: day(8),
  endedAt: null,
  settled: false,
  attempt: 2,
  spec: { protected: 'p', payload: '{}', signature: 's' },
  maxObjectBytes: 1,
  ...more,
});

describe('an entry', () => {
  it.each<[string, Partial<LiveFlow>, number, string | undefined]>([
    ['open before its expiry', {}, 7, 'open'],
    ['closed after it', {}, 8, 'closed'],
    ['gone 14 days later', {}, 22, undefined],
    ['closed', { entryState: 'closed', endedAt: day(3) }, 4, 'closed'],
    ['gone 14 days after its end', { entryState: 'closed', endedAt: day(3) }, 17, undefined],
    ['there just before', { entryState: 'closed', endedAt: day(3) }, 16, 'closed'],
    ['paused: closed without an end', { entryState: 'closed' }, 4, 'closed'],
    ['cancelled until its expiry', { entryState: 'cancelled', endedAt: day(3) }, 7, 'cancelled'],
    ['gone with it', { entryState: 'cancelled', endedAt: day(3) }, 8, undefined],
  ])('is %s', (_, more, today, state) => {
    expect(entryStateAt(flow(more), day(today))).toBe(state);
  });

  it('names the grant under which it delivers; what is cancelled delivers nothing', () => {
    expect(entryOf(flow(), day(2))).toEqual({
      flow_id: 'H_00000000000000f1',
      attempt: 2,
      state: 'open',
      spec: { protected: 'p', payload: '{}', signature: 's' },
      grants: ['H_00000000000000f1'],
    });
    expect(entryOf(flow({ id: 'F_1', clientId: 'C.1' }), day(9))).toMatchObject({ state: 'closed', grants: ['C.1'] });
    expect(entryOf(flow({ entryState: 'cancelled' }), day(2))?.grants).toEqual([]);
    expect(entryOf(flow(), day(30))).toBeUndefined();
  });

  it('has one place in the file', () => {
    const [a, b, c] = [flow({ id: 'H_b' }), flow({ id: 'H_a' }), flow({ id: 'H_0', createdAt: day(2) })];
    expect(inFileOrder([c, a, b]).map((f) => f.id)).toEqual(['H_a', 'H_b', 'H_0']);
  });
});

describe('making room', () => {
  const listed = (id: string, more: Partial<LiveFlow>) => {
    const of = flow({ id, clientId: 'C.0000000000000001', ...more });
    return { flow: of, entry: entryOf(of, day(4))! };
  };
  const open = listed('F_0000000000000001', {});
  const silent = listed('F_0000000000000002', { entryState: 'closed', endedAt: day(1) });
  const older = listed('F_0000000000000003', { entryState: 'closed', endedAt: day(2), settled: true });
  const newer = listed('F_0000000000000004', { entryState: 'closed', endedAt: day(3), settled: true });
  const live = [newer, open, older, silent];
  // {"flow_id":...} and the comma, with each of its quotes escaped: counted by hand from the rendered entry
  const bytes = JSON.stringify(older.entry).length + JSON.stringify(older.entry).match(/["\\\\]/g)!.length + 1;

  it('takes away what is settled, the oldest first, and no more than it takes', () => {
    expect(makeRoom(live, 1)).toEqual([newer, open, silent]);
    expect(makeRoom(live, bytes)).toEqual([newer, open, silent]);
    expect(makeRoom(live, bytes + 1)).toEqual([open, silent]);
  });

  it('never takes what is open or was not answered', () => {
    expect(makeRoom(live, 2 * bytes + 1)).toBeUndefined();
    expect(makeRoom([open, silent], 1)).toBeUndefined();
  });
});
