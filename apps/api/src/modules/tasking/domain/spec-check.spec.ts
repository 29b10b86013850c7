import { describe, expect, it } from 'vitest';
import { DEFAULT_QUOTA, Refusal, sha256Hex } from '#wire';
import { checkSpec, type FlowFacts, SpecRefused } from './spec-check.js';

const HUNT = 'H_00000000000000f1';
const payload = (more: object = {}): string =>
  JSON.stringify({
    __type__: 'Interrogate',
    version: 1,
    flow_id: HUNT,
    actions: [{ __type__: 'Interrogate' }],
    target: { __type__: 'Labels', labels: ['Lab', 'Windows'] },
    quota: DEFAULT_QUOTA,
    key_prefixes: { tickets: `tickets/HuntStatus/${HUNT}/`, results: `hunts/${HUNT}/vfs/` },
    created_at: '2026-01-01T00:00:00.000Z',
    expires_at: '2026-01-08T00:00:00.000Z',
    ...more,
  });
const flow: FlowFacts = { id: HUNT, type: 'Interrogate', clientId: null, labels: ['Windows', 'Lab'] };
const attempt = (specPayload: string, sampleBelow: string | null = null) => ({
  specPayload,
  specDigest: sha256Hex(specPayload),
  sampleBelow,
});

describe('the signer', () => {
  it('signs what is the spec of this flow', () => {
    expect(checkSpec(flow, attempt(payload())).flow_id).toBe(HUNT);
    expect(checkSpec(flow, attempt(payload({ sample: { below: '8'.repeat(16) } }), '8'.repeat(16)))).toBeDefined();
  });

  it.each<[string, FlowFacts, ReturnType<typeof attempt>]>([
    ['another digest', flow, { ...attempt(payload()), specDigest: '0'.repeat(64) }],
    ['another flow', { ...flow, id: 'H_00000000000000f2' }, attempt(payload())],
    ['another type', { ...flow, type: 'Collect' }, attempt(payload())],
    ['fewer labels', { ...flow, labels: ['Lab'] }, attempt(payload())],
    ['other labels', { ...flow, labels: ['Lab', 'All'] }, attempt(payload())],
    ['a client', { ...flow, clientId: 'C.0000000000000001', labels: [] }, attempt(payload())],
    ['no sample where one was taken', flow, attempt(payload(), '8'.repeat(16))],
    ['another sample', flow, attempt(payload({ sample: { below: '9'.repeat(16) } }), '8'.repeat(16))],
  ])('refuses %s', (_, facts, given) => {
    expect(() => checkSpec(facts, given)).toThrow(SpecRefused);
  });

  it('refuses what is no spec', () => {
    expect(() => checkSpec(flow, attempt('{}'))).toThrow(Refusal);
    expect(() => checkSpec(flow, attempt('not json'))).toThrow(Refusal);
  });
});
