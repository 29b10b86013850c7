import { randomBytes } from 'node:crypto';
import {
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { s3Client, type Credentials } from './client.js';

/**
 * Whose answers are expected: `aws` is S3 as AWS documents it; `ceph-16` is Ceph's RADOS Gateway 16.2, whose known
 * differences are asserted by name, so that an upgrade which mends one is noticed.
 */
export type Engine = 'aws' | 'ceph-16';

/** A store to hold to the contract. The bucket exists, is set up, and anyone may read `public/`. */
export interface StoreTarget {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly service: Credentials;
  /** Keys that may only put under `tickets/`, `C.*\/vfs/` and `hunts/*\/vfs/`. */
  readonly upload?: Credentials;
  close(): Promise<void>;
}

/** What the parts of the contract work with. Target and client are there once the tests run. */
export class ContractStore {
  /** Beginning of all keys of this run. */
  readonly run = `contract-${randomBytes(6).toString('hex')}`;
  private opened: { readonly target: StoreTarget; readonly client: S3Client } | undefined;

  constructor(
    readonly engine: Engine,
    private readonly open: () => Promise<StoreTarget>,
  ) {}

  /** Opens the store. */
  async begin(): Promise<void> {
    const target = await this.open();
    this.opened = { target, client: s3Client(target, target.service) };
  }

  /** Closes it. */
  async end(): Promise<void> {
    this.opened?.client.destroy();
    await this.opened?.target.close();
  }

  get target(): StoreTarget {
    return this.there.target;
  }

  /** With the service's keys. */
  get client(): S3Client {
    return this.there.client;
  }

  private get there(): { readonly target: StoreTarget; readonly client: S3Client } {
    if (this.opened === undefined) throw new Error('the store is open only while tests run');
    return this.opened;
  }

  readonly key = (path: string): string => `${this.run}/${path}`;

  readonly urlOf = (path: string): string => `${this.target.endpoint}/${this.target.bucket}/${path}`;

  readonly put = (
    path: string,
    body: string | Buffer,
    more: Partial<PutObjectCommandInput> = {},
  ): Promise<PutObjectCommandOutput> =>
    this.client.send(new PutObjectCommand({ Bucket: this.target.bucket, Key: this.key(path), Body: body, ...more }));

  readonly get = async (path: string): Promise<string> => {
    const answer = await this.client.send(new GetObjectCommand({ Bucket: this.target.bucket, Key: this.key(path) }));
    return (await answer.Body?.transformToString()) ?? '';
  };

  /** The keys of a listing without the run's beginning. */
  readonly names = (items: readonly { Key?: string | undefined }[] | undefined): string[] =>
    (items ?? []).map((item) => (item.Key ?? '').slice(this.run.length + 1));
}
