import { createHash } from 'node:crypto';
import { LocationConfigError, StoreRefused } from '../errors.js';
import { readLimited, readS3Error } from '../http/transport.js';
import { bucketAddress, type S3Config } from './config.js';
import { SignedTransport, type TransportOptions } from './signed-transport.js';
import { createSigner } from './signer.js';

/** Who may do what in a bucket that is set up. */
export interface BucketRights {
  /** Anyone may read keys that begin so; ends in `/`. */
  publicPrefix: string;
  /** The upload-only identity: an ARN, or the name of a Ceph user. It may put under `uploadPrefixes` and do nothing else. */
  uploadPrincipal: string;
  /** Beginnings of keys; `*` stands for any characters. Each ends in `/`. */
  uploadPrefixes: readonly string[];
}

/** Where agents put: what the upload-only identity may write under. */
export const AGENT_PREFIXES: readonly string[] = ['tickets/', 'C.*/vfs/', 'hunts/*/vfs/'];

const MAX_ANSWER = 64 * 1024;
const AWS_CANONICAL_ID = /^[0-9a-f]{64}$/;

/** A Ceph user's name to the ARN by which Ceph's policies name it (`user` or `tenant$user`); an ARN stays. */
export const principalArn = (principal: string): string => {
  if (principal.startsWith('arn:')) return principal;
  const match = /^(?:([A-Za-z0-9_]+)\$)?([A-Za-z0-9_.@+=,-]+)$/.exec(principal);
  if (match === null)
    throw new LocationConfigError(
      `${JSON.stringify(principal)} is neither an ARN (arn:aws:iam::123456789012:user/NAME) nor the name of a Ceph user`,
    );
  return `arn:aws:iam::${match[1] ?? ''}:user/${match[2] ?? ''}`;
};

/**
 * The bucket policy: anyone reads the public prefix, the upload-only identity puts under its prefixes, and, where
 * objects belong to who wrote them (Ceph), the owner of the bucket may read and delete those.
 * @param owner the owner's ARN where it needs that right
 */
export const bucketPolicy = (bucket: string, rights: BucketRights, owner: string | undefined): object => {
  const objects = (prefix: string): string => `arn:aws:s3:::${bucket}/${prefix}*`;
  const uploads = rights.uploadPrefixes.map(objects);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AnyoneReadsPublic',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: objects(rights.publicPrefix),
      },
      {
        Sid: 'UploadsOnly',
        Effect: 'Allow',
        Principal: { AWS: [principalArn(rights.uploadPrincipal)] },
        Action: 's3:PutObject',
        Resource: uploads,
      },
      ...(owner === undefined
        ? []
        : [
            {
              Sid: 'OwnerHandlesUploads',
              Effect: 'Allow',
              Principal: { AWS: [owner] },
              Action: ['s3:GetObject', 's3:DeleteObject'],
              Resource: uploads,
            },
          ]),
    ],
  };
};

const PUBLIC_ACCESS =
  '<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>false</BlockPublicAcls>' +
  '<IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>' +
  '<RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>';

/**
 * Makes the bucket if it is missing, has public ACLs ignored (an uploader could otherwise publish what it uploads),
 * and sets the policy. May be repeated. `config` holds keys of the bucket's owner. Throws LocationConfigError and what
 * every method of ObjectStore throws.
 */
export async function setUpBucket(
  config: S3Config,
  rights: BucketRights,
  options: TransportOptions = {},
): Promise<void> {
  const transport = new SignedTransport(bucketAddress(config), createSigner(config), options);
  const put = (query: Record<string, string>, type: string, text: string): Promise<void> => {
    const body = Buffer.from(text, 'utf8');
    const headers = { 'content-type': type, 'content-md5': createHash('md5').update(body).digest('base64') };
    return transport.send({ method: 'PUT', query, headers, body, repeatable: true }, [200, 204], async (answer) => {
      await readS3Error(answer.body);
    });
  };
  try {
    await makeBucket(transport, config.region);
    await put({ publicAccessBlock: '' }, 'application/xml', PUBLIC_ACCESS);
    const policy = bucketPolicy(config.bucket, rights, await ownerArn(transport));
    await put({ policy: '' }, 'application/json', JSON.stringify(policy));
  } finally {
    transport.close();
  }
}

/** Makes the bucket; one of our own that is there already is left as it is. */
async function makeBucket(transport: SignedTransport, region: string): Promise<void> {
  const there = await transport.send({ method: 'HEAD', repeatable: true }, [200, 404], async ({ statusCode, body }) => {
    await readS3Error(body);
    return statusCode === 200;
  });
  if (there) return;
  const body =
    region === 'us-east-1'
      ? Buffer.alloc(0)
      : Buffer.from(
          `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`,
        );
  await transport.send({ method: 'PUT', body, repeatable: true }, [200], async (answer) => {
    await readS3Error(answer.body);
  });
}

/** The owner as policies name it where the owner's id is a user's name (Ceph); undefined on AWS, where the bucket owns all. */
async function ownerArn(transport: SignedTransport): Promise<string | undefined> {
  const where = `the owner of ${transport.address.url}`;
  const xml = await transport.send({ method: 'GET', query: { acl: '' }, repeatable: true }, [200], async (answer) =>
    (await readLimited(answer.body, answer.headers, MAX_ANSWER, where)).toString('utf8'),
  );
  const id = /<Owner>\s*<ID>([^<]+)<\/ID>/.exec(xml)?.[1];
  if (id === undefined) throw new StoreRefused(`${where}: the store does not say it`, 200, 'no-owner');
  return AWS_CANONICAL_ID.test(id) ? undefined : principalArn(id);
}
