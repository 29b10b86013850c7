import type { HttpClient } from '#locations/agent';

/** All that an agent does with the bucket: read public objects, upload by grants. */
export type BucketClient = Pick<HttpClient, 'fetchPublic' | 'upload'>;
