import { FolderBucket, HttpClient } from '#locations/agent';
import type { AgentSettings } from './config.js';

/** All that an agent does with the bucket: read public objects, upload by grants. */
export type BucketClient = Pick<HttpClient, 'fetchPublic' | 'upload'>;

/** The bucket as the configuration names it: over the network, or a folder that somebody carries. */
export const openBucket = (settings: AgentSettings): BucketClient & { close: () => Promise<void> } => {
  const { bucketUrl, extraCa } = settings;
  const { proxy } = settings.config;
  return bucketUrl.startsWith('file:')
    ? new FolderBucket(bucketUrl)
    : new HttpClient({
        ...(proxy === undefined ? {} : { proxy }),
        ...(extraCa === undefined ? {} : { extraCa }),
      });
};
