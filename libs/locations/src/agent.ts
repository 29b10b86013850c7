/** The agent's half of this library: public reads and uploads by grants, without the S3 client that only servers need. */
export { backoff, MAX_RETRY_AFTER_MS } from './backoff.js';
export { LocationConfigError, NetworkError, TooLarge, UploadRefused, UploadRetry } from './errors.js';
export { FolderBucket } from './local/folder-bucket.js';
export { LocalFolder, localFileProblem } from './local/local-folder.js';
export { HttpClient, type FetchResult } from './http/http-client.js';
export { publicUrl } from './url.js';
