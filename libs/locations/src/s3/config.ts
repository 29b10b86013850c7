import { LocationConfigError } from '../errors.js';

/** A bucket and the keys to it. */
export interface S3Config {
  /** `http(s)://host[:port]`, no path. */
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Default true: `endpoint/bucket/key`. False: `bucket.host/key`, as some AWS set-ups want. */
  forcePathStyle?: boolean;
}

/** A checked S3Config, taken apart. */
export interface BucketAddress {
  origin: string;
  /** With the port, unless it is the scheme's own: the `Host` that is signed. */
  host: string;
  /** What stands before `/key` in a path: `/bucket`, or empty. */
  basePath: string;
  /** origin + basePath. */
  url: string;
}

/** Checks a config and says where its bucket is. Throws LocationConfigError. */
export const bucketAddress = (config: S3Config): BucketAddress => {
  const endpoint = URL.canParse(config.endpoint) ? new URL(config.endpoint) : undefined;
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol))
    throw new LocationConfigError(
      `the S3 endpoint ${JSON.stringify(config.endpoint)} is not an http:// or https:// URL; give it as https://host:port`,
    );
  if (endpoint.pathname !== '/' || endpoint.search !== '' || endpoint.hash !== '' || endpoint.username !== '')
    throw new LocationConfigError(
      `the S3 endpoint ${JSON.stringify(config.endpoint)} has more than a host and a port; bucket and keys are settings of their own`,
    );
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(config.bucket))
    throw new LocationConfigError(
      `the bucket name ${JSON.stringify(config.bucket)} is none: 3 to 63 of a-z, 0-9, "-" and ".", a letter or digit at both ends`,
    );
  for (const [name, value] of [
    ['region', config.region],
    ['access key', config.accessKeyId],
    ['secret key', config.secretAccessKey],
  ] as const)
    if (value === '' || /[\s/]/.test(name === 'secret key' ? value.replaceAll('/', '') : value))
      throw new LocationConfigError(
        `the S3 ${name} for bucket ${config.bucket} is empty or has blanks or slashes in it`,
      );
  const pathStyle = config.forcePathStyle !== false;
  const host = pathStyle ? endpoint.host : `${config.bucket}.${endpoint.host}`;
  const origin = `${endpoint.protocol}//${host}`;
  const basePath = pathStyle ? `/${config.bucket}` : '';
  return { origin, host, basePath, url: origin + basePath };
};
