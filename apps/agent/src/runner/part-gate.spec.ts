import { expect, it } from 'vitest';
import { PartGate } from './part-gate.js';

it('lets two parts be on the disk, and says when it waits', async () => {
  const waits: string[] = [];
  const gate = new PartGate(() => waits.push('waits'));
  await gate.room();
  await gate.room();
  let third = false;
  const asked = gate.room().then(() => (third = true));
  await Promise.resolve();
  expect([third, waits]).toEqual([false, ['waits']]);
  gate.left();
  await asked;
  expect(third).toBe(true);
});
