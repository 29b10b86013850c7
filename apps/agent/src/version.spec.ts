import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { AGENT_VERSION } from './version.js';

it('the version in tickets is the one of the package', async () => {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  expect(AGENT_VERSION).toBe((JSON.parse(text) as { version: string }).version);
});
