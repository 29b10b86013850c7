import { createPrivateKey, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  AUDIT_GENESIS,
  auditChainHash,
  auditEventHash,
  type AuditLine,
  type AuditRow,
  auditRowText,
  createCa,
  createLeaf,
  type KeyPairPem,
  keys,
  loadSigner,
  parseAuditRow,
  readAuditSegment,
  type RefusalCode,
  signAsAgent,
  signAsServer,
  signedFileText,
} from './index.js';

const DEPLOYMENT = '0123456789abcdef0123456789abcdef';
const AT = '2026-03-01T12:00:00.000Z';

const ROW: AuditRow = {
  id: '12',
  at: AT,
  actor: 'U_00000000000000a1',
  token_id: null,
  action: 'hunts.create',
  object_kind: 'hunt',
  object_id: 'H_00000000000000a1',
  outcome: 'done',
  request_id: 'a "quoted" \\ id',
  address: '127.0.0.1',
  details: '{"labels": ["All"], "note": "Zoë\\n"}',
};

describe('the canonical text', () => {
  // the digests are what sha256sum says; see docs/audit.md
  it('is what jq -c prints of the array, and hashes to what sha256sum says', () => {
    const text =
      '["12","2026-03-01T12:00:00.000Z","U_00000000000000a1",null,"hunts.create","hunt","H_00000000000000a1","done","a \\"quoted\\" \\\\ id","127.0.0.1","{\\"labels\\": [\\"All\\"], \\"note\\": \\"Zoë\\\\n\\"}"]';
    expect(auditRowText(ROW)).toBe(text);
    expect(auditEventHash(text)).toBe('524ec83ffd31dd660d302a64055be1490c3c83e3da76803412a91db2996d9f16');
    expect(auditChainHash({ previous: AUDIT_GENESIS, seq: 1, eventHash: auditEventHash(text), chainedAt: AT })).toBe(
      '5fbe9de1120100bcf11f69f1492b4a167102a84b31302cb2d081948d755efea0',
    );
    expect(parseAuditRow(text)).toEqual(ROW);
  });

  it('tells every column, and a NULL from an empty text', () => {
    const texts = Object.keys(ROW).flatMap((column) => [
      auditRowText({ ...ROW, [column]: '' }),
      auditRowText({ ...ROW, [column]: null }),
      auditRowText({ ...ROW, [column]: '",null,"' }),
    ]);
    expect(new Set([...texts, auditRowText(ROW)]).size).toBe(3 * 11); // token_id is NULL already
  });

  it.each<[string, string]>([
    ['no array', '{}'],
    ['ten columns', JSON.stringify(Array.from({ length: 10 }, () => ''))],
    ['a number', auditRowText(ROW).replace('"12"', '12')],
    ['blanks', auditRowText(ROW).replace(',', ', ')],
  ])('refuses %s', (_, text) => {
    expect(() => parseAuditRow(text)).toThrow(/the audit row/);
  });
});

describe('keys.auditSegment', () => {
  it('lists in the order of the log', () => {
    expect(keys.auditSegment(new Date(AT), 1, 1000, 'ab'.repeat(32))).toBe(
      'audit/2026/03/01/000000000001-000000001000-abababababababab.jsonl.gz',
    );
    for (const seq of [0, -1, 1.5, 1e12, Number.NaN])
      expect(() => keys.auditSegment(new Date(AT), seq, 1000, 'ab'.repeat(32))).toThrow(/key|audit log/);
    expect(() => keys.auditSegment(new Date(AT), 1, 2, '../x')).toThrow(/chain hash/);
  });
});

describe('a segment', () => {
  let ca: KeyPairPem;
  let leaf: KeyPairPem;
  beforeAll(async () => {
    ca = await createCa({ name: 'a CA', now: new Date() });
    leaf = await createLeaf({ name: 'a leaf', now: new Date(), ca });
  });

  const lineAfter = (previous: string, seq: number, id: string): AuditLine => {
    const row = auditRowText({ ...ROW, id });
    const event_hash = auditEventHash(row);
    const chain_hash = auditChainHash({ previous, seq, eventHash: event_hash, chainedAt: AT });
    return { seq, event_id: id, row, event_hash, chained_at: AT, chain_hash };
  };
  /** Seq 4 and 5. */
  const linesOf = (): [AuditLine, AuditLine] => {
    const first = lineAfter('11'.repeat(32), 4, '7');
    return [first, lineAfter(first.chain_hash, 5, '6')];
  };
  const headOf = (lines: readonly AuditLine[]) => ({
    __type__: 'AuditSegment',
    version: 1,
    deployment: DEPLOYMENT,
    first_seq: 4,
    last_seq: 5,
    previous_hash: '11'.repeat(32),
    chain_hash: lines.at(-1)?.chain_hash,
    sealed_at: AT,
  });
  const textOf = (head: string, lines: readonly AuditLine[]): string =>
    [head, ...lines.map((line) => JSON.stringify(line))].map((line) => `${line}\n`).join('');
  const sealed = async (lines: readonly AuditLine[], head: object = headOf(lines)): Promise<string> =>
    textOf(signedFileText(await signAsServer('AuditSegment', JSON.stringify(head), loadSigner(leaf))), lines);
  const read = (text: string, by: KeyPairPem = ca) => readAuditSegment(text, new X509Certificate(by.certificatePem));

  it('is read back as it was sealed', async () => {
    const lines = linesOf();
    const segment = await read(await sealed(lines));
    expect(segment.lines).toEqual(lines);
    expect(segment.head).toMatchObject({ first_seq: 4, last_seq: 5, previous_hash: '11'.repeat(32) });
    const [first, second] = lines;
    await read(await sealed([{ ...first, row: null }, second])); // the hash alone is enough for the chain
  });

  it.each<[string, (lines: [AuditLine, AuditLine]) => AuditLine[], RefusalCode]>([
    ['a changed row', ([a, b]) => [{ ...a, row: auditRowText({ ...ROW, id: '7', actor: 'U_other' }) }, b], 'digest'],
    ['a changed hash', ([a, b]) => [{ ...a, row: null, event_hash: '22'.repeat(32) }, b], 'digest'],
    ['another event id', ([a, b]) => [{ ...a, event_id: '8' }, b], 'digest'],
    ['a moved time', ([a, b]) => [{ ...a, chained_at: '2026-03-01T12:00:00.001Z' }, b], 'digest'],
    ['a missing line', ([a]) => [a], 'digest'],
    ['a line too many', ([a, b]) => [a, b, lineAfter(b.chain_hash, 6, '9')], 'digest'],
    ['swapped lines', ([a, b]) => [b, a], 'digest'],
    ['a line without a hash', ([a, b]) => [{ ...a, event_hash: '' }, b], 'schema'],
  ])('refuses %s', async (_, change, code) => {
    const lines = linesOf();
    await expect(read(await sealed(change(lines), headOf(lines)))).rejects.toMatchObject({ code });
  });

  it('refuses a chain made anew from a changed row on: the head is signed', async () => {
    const first = lineAfter('11'.repeat(32), 4, '70');
    const anew = [first, lineAfter(first.chain_hash, 5, '6')];
    const [head = ''] = (await sealed(linesOf())).split('\n');
    await expect(read(textOf(head, anew))).rejects.toMatchObject({ code: 'digest' });
    const forged = head.replace(String(headOf(linesOf()).chain_hash), first.chain_hash);
    await expect(read(textOf(forged, anew))).rejects.toMatchObject({ code: 'jws-signature' });
  });

  it('refuses another CA, an agent’s key, another type, and what is no file', async () => {
    const lines = linesOf();
    const other = await createCa({ name: 'another CA', now: new Date() });
    await expect(read(await sealed(lines), other)).rejects.toMatchObject({ code: 'cert-issuer' });
    const payload = JSON.stringify(headOf(lines));
    const byAgent = await signAsAgent('AuditSegment', payload, createPrivateKey(leaf.privateKeyPem));
    await expect(read(textOf(signedFileText(byAgent), lines))).rejects.toMatchObject({ code: 'jws-malformed' });
    const record = await signAsServer('FlowRecord', payload, loadSigner(leaf));
    await expect(read(textOf(signedFileText(record), lines))).rejects.toMatchObject({ code: 'jws-typ' });
    for (const text of ['', '\n', '{}', 'x']) await expect(read(text)).rejects.toMatchObject({ name: 'Refusal' });
  });
});
