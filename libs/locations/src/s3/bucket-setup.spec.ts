import { describe, expect, it } from 'vitest';
import { LocationConfigError } from '../errors.js';
import { bucketPolicy, principalArn } from './bucket-setup.js';

describe('the principal of a policy', () => {
  it.each([
    ['upload', 'arn:aws:iam:::user/upload'],
    ['acme$upload', 'arn:aws:iam::acme:user/upload'],
    ['arn:aws:iam::123456789012:user/up', 'arn:aws:iam::123456789012:user/up'],
  ])('%s is %s', (given, arn) => {
    expect(principalArn(given)).toBe(arn);
  });

  it.each(['', 'a b', '*', 'a"', 'a$b$c'])('%j is none', (given) => {
    expect(() => principalArn(given)).toThrow(LocationConfigError);
  });
});

describe('the bucket policy', () => {
  const rights = { publicPrefix: 'public/', uploadPrincipal: 'upload', uploadPrefixes: ['tickets/', 'C.*/vfs/'] };

  it('lets anyone read public/, the uploader put, the owner handle what was put', () => {
    expect(bucketPolicy('evidence', rights, 'arn:aws:iam:::user/app')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'AnyoneReadsPublic',
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::evidence/public/*',
        },
        {
          Sid: 'UploadsOnly',
          Effect: 'Allow',
          Principal: { AWS: ['arn:aws:iam:::user/upload'] },
          Action: 's3:PutObject',
          Resource: ['arn:aws:s3:::evidence/tickets/*', 'arn:aws:s3:::evidence/C.*/vfs/*'],
        },
        {
          Sid: 'OwnerHandlesUploads',
          Effect: 'Allow',
          Principal: { AWS: ['arn:aws:iam:::user/app'] },
          Action: ['s3:GetObject', 's3:DeleteObject'],
          Resource: ['arn:aws:s3:::evidence/tickets/*', 'arn:aws:s3:::evidence/C.*/vfs/*'],
        },
      ],
    });
  });

  it('needs nothing for the owner where everything belongs to the bucket', () => {
    expect(JSON.stringify(bucketPolicy('evidence', rights, undefined))).not.toContain('OwnerHandlesUploads');
  });
});
