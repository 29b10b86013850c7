import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCa, createLeaf, loadSigner } from './certificates.js';
import { emptyMarks, readJobFile, readManifest, readSpec } from './trust.js';
import { signAsAgent, signAsServer, signTrust, verifyAgentFile } from './signing.js';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { sha256Hex } from './ids.js';
import { signedFileText } from './signed-file.js';

const now = new Date('2026-01-02T03:04:05.000Z');
const deployment = 'd'.repeat(32);

describe('a deployment made by init', () => {
  it('signs what agents accept, and its agents sign what the server accepts', async () => {
    const ca = await createCa({ name: 'test CA', now });
    const leafPem = await createLeaf({ name: 'test signer', now, ca });
    const signer = loadSigner(leafPem);
    const caCertificate = new X509Certificate(ca.certificatePem);
    const trust = await signTrust(
      JSON.stringify({
        __type__: 'Trust',
        deployment,
        epoch: 1,
        signing: [sha256Hex(signer.certificate.raw)],
        issued_at: now.toISOString(),
      }),
      createPrivateKey(ca.privateKeyPem),
    );
    const grant = {
      id: 'tickets',
      location: {
        __type__: 'S3SignedPolicy',
        url: 'http://127.0.0.1:1/b',
        path_prefix: 'tickets/',
        path_template: '',
        fields: {},
        min_bytes: 1,
        max_bytes: 10,
        expires_at: now.toISOString(),
      },
    };
    const payload = JSON.stringify({
      __type__: 'Manifest',
      version: 5,
      deployment,
      trust,
      issued_at: now.toISOString(),
      not_after: now.toISOString(),
      startup_actions: [{ __type__: 'Interrogate' }],
      poll_min: 5,
      poll_max: 60,
      upload_base: 'http://127.0.0.1:1/b',
      ticket_grant: grant,
      all_queue: 'a'.repeat(32),
      limits: {},
    });
    const text = signedFileText(await signAsServer('Manifest', payload, signer));
    const read = await readManifest(text, { ca: caCertificate, now, marks: emptyMarks() });
    expect(read.manifest.all_queue).toBe('a'.repeat(32));
    expect(read.marks).toMatchObject({ epoch: 1, manifest: { version: 5 } });

    const jobs = JSON.stringify({
      __type__: 'JobFile',
      version: 7,
      deployment,
      queue: 'b'.repeat(32),
      issued_at: now.toISOString(),
      entries: [],
      grants: [],
    });
    const jobText = signedFileText(await signAsServer('JobFile', jobs, signer));
    const got = await readJobFile(jobText, { trust: read.trust, queue: 'b'.repeat(32), now, marks: read.marks });
    expect(got.jobFile.entries).toEqual([]);
    await expect(
      readJobFile(jobText, { trust: read.trust, queue: 'c'.repeat(32), now, marks: read.marks }),
    ).rejects.toMatchObject({ code: 'other-queue' });
    await expect(
      readSpec({ flow_id: 'F_0000000000000000', spec: trust }, { trust: read.trust, now }),
    ).rejects.toMatchObject({ code: 'jws-typ' });

    const { privateKey } = generateKeyPairSync('ed25519');
    const ticket = await signAsAgent('Startup', '{"a":1}', privateKey);
    const who = await verifyAgentFile(ticket, 'Startup');
    expect(who.clientId).toBe(`C.${who.identity.slice(0, 16)}`);
    await expect(verifyAgentFile({ ...ticket, payload: '{"a":2}' }, 'Startup')).rejects.toMatchObject({
      code: 'jws-signature',
    });
  });
});

describe('a signature', () => {
  it.each(['\uffff', '\u0378', '\u{10ffff}', '\u{1faea}', 'é', '\u2028'])(
    'is over the bytes, whatever the character: %j',
    async (character) => {
      const { privateKey } = generateKeyPairSync('ed25519');
      const payload = JSON.stringify({ text: character });
      const file = await signAsAgent('Startup', payload, privateKey);
      await verifyAgentFile(file, 'Startup');
      await expect(verifyAgentFile({ ...file, payload: `${payload} ` }, 'Startup')).rejects.toMatchObject({
        code: 'jws-signature',
      });
    },
  );
});
