import { z } from 'zod';
import { Instant } from './ids.js';

/** Where a file is and how it may be read or written. Only the first four ever reach an agent. */

/** A POST policy: upload any key under `path_prefix`, within the size range, until `expires_at`. The grant's form. */
export const S3SignedPolicy = z.object({
  __type__: z.literal('S3SignedPolicy'),
  /** Where the form is posted: endpoint and bucket. */
  url: z.url({ protocol: /^https?$/ }),
  path_prefix: z.string().min(1).max(900),
  /** How keys continue after the prefix; the agent fills it in. */
  path_template: z.string().max(900),
  /** Form fields as signed: policy, x-amz-algorithm, x-amz-credential, x-amz-date, x-amz-signature. */
  fields: z.record(z.string().max(100), z.string().max(20_000)),
  min_bytes: z.int().nonnegative(),
  max_bytes: z.int().positive(),
  expires_at: Instant,
});
export type S3SignedPolicy = z.infer<typeof S3SignedPolicy>;

/** One key, one method, until a time. */
export const S3SignedUrl = z.object({
  __type__: z.literal('S3SignedUrl'),
  url: z.url({ protocol: /^https?$/ }),
  method: z.enum(['GET', 'HEAD']),
  expires_at: Instant,
});
export type S3SignedUrl = z.infer<typeof S3SignedUrl>;

/** Readable without credentials. */
export const PublicRead = z.object({ __type__: z.literal('PublicRead'), url: z.url({ protocol: /^https?$/ }) });
export type PublicRead = z.infer<typeof PublicRead>;

/**
 * A folder or file on the agent's machine, absolute: offline work. As the location of a job's grant it is the folder in
 * which results and tickets are written under their keys; an agent takes it only within the folder that its own
 * configuration names (`local_folder`).
 */
export const LocalFile = z.object({ __type__: z.literal('LocalFile'), path: z.string().min(1).max(4096) });
export type LocalFile = z.infer<typeof LocalFile>;

/** Server-side only: read or written with the service's own key. */
export const S3Object = z.object({
  __type__: z.literal('S3Object'),
  bucket: z.string().min(1).max(63),
  key: z.string().min(1).max(1024),
});
export type S3Object = z.infer<typeof S3Object>;

export const Location = z.discriminatedUnion('__type__', [
  S3SignedPolicy,
  S3SignedUrl,
  PublicRead,
  LocalFile,
  S3Object,
]);
export type Location = z.infer<typeof Location>;

/** An upload right, named so that entries can share it. */
export const Grant = z.object({ id: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), location: S3SignedPolicy });
export type Grant = z.infer<typeof Grant>;

/** What a job file's table of grants may hold: an upload right, or a folder of the agent's machine. */
export const ResultGrant = z.object({
  ...Grant.shape,
  location: z.discriminatedUnion('__type__', [S3SignedPolicy, LocalFile]),
});
export type ResultGrant = z.infer<typeof ResultGrant>;
