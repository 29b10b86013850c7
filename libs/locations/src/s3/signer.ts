import { SignatureV4 } from '@smithy/signature-v4';
import type { S3Config } from './config.js';
import { NodeSha256 } from './sha256.js';

/** The SDK's own SigV4 for S3: paths are signed as they are sent. */
export const createSigner = (config: S3Config): SignatureV4 =>
  new SignatureV4({
    service: 's3',
    region: config.region,
    credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey },
    sha256: NodeSha256,
    uriEscapePath: false,
  });
