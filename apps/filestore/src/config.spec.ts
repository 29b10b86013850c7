import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
