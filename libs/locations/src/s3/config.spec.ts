import { describe, expect, it } from 'vitest';
import { LocationConfigError } from '../errors.js';
import { bucketAddress, type S3Config } from './config.js';

const config: S3Config = {
  endpoint: 'https://s3.example.org:8443/',
  region: 'eu-west-1',
  bucket: 'evidence',
  accessKeyId: 'AK',
  secretAccessKey: 'SK/with+slash',
};

describe('bucketAddress', () => {
  it('puts the bucket into the path, or into the host where that is wanted', () => {
    expect(bucketAddress(config)).toEqual({
      origin: 'https://s3.example.org:8443',
      host: 's3.example.org:8443',
      basePath: '/evidence',
      url: 'https://s3.example.org:8443/evidence',
    });
    expect(bucketAddress({ ...config, forcePathStyle: false })).toEqual({
      origin: 'https://evidence.s3.example.org:8443',
      host: 'evidence.s3.example.org:8443',
      basePath: '',
      url: 'https://evidence.s3.example.org:8443',
    });
  });

  it("signs no port that is the scheme's own", () => {
    expect(bucketAddress({ ...config, endpoint: 'https://h:443' }).host).toBe('h');
  });

  it.each<[Partial<S3Config>, string]>([
    [{ endpoint: 'h:9000' }, 'endpoint'],
    [{ endpoint: 'ftp://h' }, 'endpoint'],
    [{ endpoint: 'http://h/bucket' }, 'endpoint'],
    [{ endpoint: 'http://a:b@h' }, 'endpoint'],
    [{ bucket: 'Evidence' }, 'bucket'],
    [{ bucket: 'a/b' }, 'bucket'],
    [{ region: '' }, 'region'],
    [{ accessKeyId: 'a/b' }, 'access key'],
    [{ secretAccessKey: ' ' }, 'secret key'],
  ])('refuses %j and names the setting', (change, setting) => {
    const attempt = (): unknown => bucketAddress({ ...config, ...change });
    expect(attempt).toThrow(LocationConfigError);
    expect(attempt).toThrow(setting);
  });

  it('never shows a secret', () => {
    expect(() => bucketAddress({ ...config, secretAccessKey: 'top secret' })).not.toThrow('top secret');
  });
});
