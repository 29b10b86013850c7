import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeSettings } from './config-doc.js';
import { parseSettings, readConfigFile, readEnvironment } from './config.js';

const MINIMAL = { root: '/r', bucket: 'bucket', service: { accessKey: 'svc', secretKey: 'secret-of-service' } };

describe('parseSettings', () => {
  it('fills in what the documentation says', () => {
    expect(parseSettings(MINIMAL)).toMatchObject({
      host: '127.0.0.1',
      port: 0,
      region: 'us-east-1',
      publicPrefix: 'public/',
      uploadPrefixes: ['tickets/', 'C.*/vfs/', 'hunts/*/vfs/'],
    });
  });

  it('lets the later source win, key pairs member by member', () => {
    const env = readEnvironment({ REKALL_FILESTORE_SECRET_KEY: 'from-environment', REKALL_FILESTORE_PORT: '81' });
    expect(parseSettings(MINIMAL, env, { port: 82 })).toMatchObject({
      port: 82,
      service: { accessKey: 'svc', secretKey: 'from-environment' },
    });
  });

  it.each<[object, string]>([
    [{}, '--root: is missing; --bucket: is missing; --access-key and --secret-key: is missing'],
    [{ ...MINIMAL, bucket: 'No' }, '--bucket: must be 3 to 63'],
    [{ ...MINIMAL, port: 'x' }, '--port:'],
    [{ ...MINIMAL, port: 70_000 }, '--port:'],
    [{ ...MINIMAL, service: { accessKey: 'svc' } }, '--secret-key: is missing'],
    [{ ...MINIMAL, service: { accessKey: 'svc', secretKey: 'short' } }, '--secret-key: must have 8'],
    [{ ...MINIMAL, upload: MINIMAL.service }, 'must not be the service access key'],
    [{ ...MINIMAL, prot: 1 }, 'prot'],
    [{ ...MINIMAL, quotas: [{ pattern: 'x/', bytes: 1 }] }, 'quotas.objects: is missing'],
    [
      { ...MINIMAL, quotas: [{ pattern: 'x/', bytes: 1, objects: 1, total: { bytes: 1, objects: 1 } }] },
      'total is for byClient',
    ],
  ])('%j: %s', (source, message) => {
    expect(() => parseSettings(source as Record<string, unknown>)).toThrow(message);
  });
});

describe('readConfigFile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'filestore-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names the file and what is wrong with it', () => {
    const path = join(folder, 'config.json');
    expect(() => readConfigFile(path)).toThrow(`cannot read the configuration file ${path}: ENOENT`);
    writeFileSync(path, '{');
    expect(() => readConfigFile(path)).toThrow(`${path} is not JSON`);
    writeFileSync(path, '[]');
    expect(() => readConfigFile(path)).toThrow('must hold a JSON object');
  });
});

describe('describeSettings', () => {
  it('names every setting, by the variable that sets it, with its default', () => {
    const described = describeSettings();
    const values = { PORT: '81', CONNECTIONS: '5', WAITING_CONNECTIONS: '5', QUOTAS: '[]' };
    const env = Object.fromEntries(described.map(({ name }) => [name, name.replace('REKALL_FILESTORE_', '')]));
    for (const [name, value] of Object.entries(values)) env[`REKALL_FILESTORE_${name}`] = value;
    const defaults = parseSettings(MINIMAL);
    expect(Object.keys(readEnvironment(env)).toSorted()).toEqual(
      [...Object.keys(defaults), 'tls', 'upload'].toSorted(),
    );
    const quotas = JSON.parse(described.find(({ name }) => name.endsWith('_QUOTAS'))?.default ?? '') as unknown;
    expect(quotas).toMatchObject([
      { pattern: 'tickets/', byClient: true, total: { bytes: 20 * 2 ** 30, objects: 1_000_000 } },
      { pattern: 'C.*/vfs/' },
      { pattern: 'hunts/*/vfs/' },
    ]);
  });

  it('takes quotas as JSON from the environment', () => {
    const quotas = [{ pattern: 'x/', byClient: true, bytes: 1, objects: 2, total: { bytes: 3, objects: 4 } }];
    const env = readEnvironment({ REKALL_FILESTORE_QUOTAS: JSON.stringify(quotas) });
    expect(parseSettings(MINIMAL, env).quotas).toEqual(quotas);
    expect(() => readEnvironment({ REKALL_FILESTORE_QUOTAS: '[' })).toThrow('REKALL_FILESTORE_QUOTAS is not JSON');
  });
});
