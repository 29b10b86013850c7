import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, WholeSystem } from '../support/whole-system.js';

/*
 * The playground in a real browser that can reach nothing but the API: every other name resolves to nowhere.
 */
let system: WholeSystem;
let browser: Browser;
let hunt: { hunt_id: string };
let clientId: string;

beforeAll(async () => {
  system = await WholeSystem.make();
  await system.startWorker({ REKALL_INTAKE_SECONDS: '0.1' });
  await system.startApi();
  await system.startAgent(1);
  clientId = await eventually(
    'a client',
    async () => (await system.call<{ items: { client_id: string }[] }>('GET', '/clients')).body.items[0]?.client_id,
  );
  hunt = (await system.call<typeof hunt>('POST', '/hunts', { type: 'ListProcesses', labels: ['All'] })).body;
  await eventually(
    'a collection',
    async () => (await system.call<{ items: unknown[] }>('GET', `/collections?flow_id=${hunt.hunt_id}`)).body.items[0],
  );
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  });
}, 180_000);
afterAll(async () => {
  await browser.close();
  await system.close();
}, 60_000);

/** A page on the playground; what it asks of other hosts, and what its console says is wrong, is kept. */
const open = async (): Promise<{ page: Page; elsewhere: string[]; wrong: string[] }> => {
  const page = await browser.newPage({ viewport: { width: 1600, height: 5000 } }); // the editor draws what is in sight
  const elsewhere: string[] = [];
  const wrong: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(system.api!.ready))
      elsewhere.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(message.text());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  await page.goto(`${system.api!.ready}/graphql`);
  return { page, elsewhere, wrong };
};

describe('the playground, with every other name blocked', () => {
  it('signs in with a token, runs the query for a hunt’s rows, and shows them', async () => {
    const { page, elsewhere, wrong } = await open();
    await page.getByLabel('or an API token').fill(system.token);
    await page.getByRole('button', { name: 'Use the token' }).click();
    await page.getByRole('tab', { name: 'HuntRows' }).waitFor();
    expect(await page.getByRole('tab').count()).toBeGreaterThanOrEqual(10);

    await page.locator('.graphiql-query-editor .view-lines').getByText('HuntRows').waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    const response = page.locator('.graphiql-response');
    await response.getByText(hunt.hunt_id).first().waitFor({ timeout: 30_000 });
    const text = (await response.first().innerText()).replaceAll('\u00a0', ' ');
    expect(text).toContain(`"id": "${hunt.hunt_id}"`);
    expect(text).toContain('"partial": false');
    expect(text).toContain('"name": "client_id"');
    expect(text).toContain(`"client_id": "${clientId}"`);
    expect(text).toMatch(/"pid": \d+,/);
    expect(text).toMatch(/"cmdline": "[^"]/);
    expect(text).not.toContain('"errors"');
    expect(elsewhere).toEqual([]);
    expect(wrong).toEqual([]);
  }, 120_000);

  it('says what is wrong with what somebody signs in with, and stays outside', async () => {
    const { page } = await open();
    await page.getByRole('textbox', { name: 'E-mail' }).fill('nobody@example.org');
    await page.getByLabel('Password', { exact: true }).fill('wrong wrong wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
    expect(await page.getByRole('tab').count()).toBe(0);
  }, 60_000);

  it('is a page of our own files under a policy that allows no others', async () => {
    const answer = await fetch(`${system.api!.ready}/graphql`, { headers: { accept: 'text/html' } });
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
    const text = await answer.text();
    const links = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(2);
    expect(links.filter((link) => !link.startsWith('/graphql/assets/') && link !== 'data:,')).toEqual([]);
    const other = await fetch(`${system.api!.ready}/graphql?query={me{id}}`);
    expect(other.status).toBe(404);
  });
});
