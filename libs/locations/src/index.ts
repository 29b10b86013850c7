/**
 * Where files are and how they are reached. Server side: a bucket with credentials (`openS3Store`), upload rights for agents
 * (`signUploadPolicy`), checked local copies (`FileCache`). Agent side, without credentials: `HttpClient`, `uploadWithRetry`.
 */
export { backoff, MAX_RETRY_AFTER_MS, sleepFor, type Sleep } from './backoff.js';
export * from './errors.js';
export { FileCache, type ExpectedObject, type FileCacheOptions } from './file-cache.js';
export { HttpClient, type FetchResult, type HttpClientOptions } from './http/http-client.js';
export { uploadWithRetry, type UploadRetryOptions } from './http/upload-with-retry.js';
export type { GetResult, GetStreamResult, ListPage, ObjectInfo, ObjectStore, PutOptions } from './object-store.js';
export { redact } from './redact.js';
export { expirationRules } from './s3/bucket-lifecycle.js';
export { AGENT_PREFIXES, bucketPolicy, principalArn, setUpBucket, type BucketRights } from './s3/bucket-setup.js';
export type { S3Config } from './s3/config.js';
export { openS3Store } from './s3/s3-store.js';
export type { TransportOptions } from './s3/signed-transport.js';
export { presignPut } from './s3/presign-put.js';
export { signUploadPolicy, type UploadPolicy } from './s3/upload-policy.js';
export { publicUrl } from './url.js';
