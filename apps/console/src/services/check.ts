import pg from 'pg';
import { LocationError, openS3Store, StoreRefused } from '#locations';
import type { Layout } from '../deployment/layout.js';
import { CommandError } from '../errors.js';

const CONNECT_MS = 10_000;

/** Whether Postgres lets us in. The message names host and database, never the password. */
export const checkDatabase = async (url: string, name: string, layout: Layout): Promise<void> => {
  const mend = `correct it: rekall init --dir ${layout.dir} --database-url URL --migrate-url URL (keys are kept)`;
  if (!URL.canParse(url))
    throw new CommandError(`${name} is not a URL (postgresql://user:password@host:port/database); ${mend}`);
  const { hostname, port, pathname, username } = new URL(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => undefined); // a connection that breaks later is seen by who uses it
  try {
    await client.connect();
  } catch (error) {
    const where = `${hostname}:${port === '' ? '5432' : port}${pathname} as ${username === '' ? '(no user)' : username}`;
    throw new CommandError(`cannot connect to Postgres at ${where} (${name}): ${reasonOf(error)}; ${mend}`, 1, {
      cause: error,
    });
  }
  await client.end();
};

/** What a person can read of an error; several attempts (IPv4, IPv6) give several reasons. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join(', ');
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (error instanceof TypeError && cause instanceof Error) return reasonOf(cause); // fetch says "fetch failed"
  if (error.message !== '') return error.message;
  return 'code' in error ? String(error.code) : error.name;
};

/** S3 codes that say: this key is wrong, whatever it may do. */
const WRONG_KEY = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch']);

/** Whether the store knows both keys, and whether the service's may list the bucket. */
export const checkStore = async (env: Readonly<Record<string, string>>, layout: Layout): Promise<void> => {
  const bucket = {
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: env['S3_BUCKET'] ?? '',
  };
  const mend = `correct it: rekall init --dir ${layout.dir} --s3-endpoint URL --bucket B ... (keys are kept)`;
  const pairs = [
    { what: 'the service key', id: env['S3_ACCESS_KEY'], secret: env['S3_SECRET_KEY'], mayList: true },
    { what: 'the upload key', id: env['S3_UPLOAD_ACCESS_KEY'], secret: env['S3_UPLOAD_SECRET_KEY'], mayList: false },
  ];
  for (const { what, id, secret, mayList } of pairs) {
    try {
      const store = openS3Store({ ...bucket, accessKeyId: id ?? '', secretAccessKey: secret ?? '' });
      try {
        await store.list({ prefix: 'public/', maxKeys: 1 });
      } finally {
        store.close();
      }
    } catch (error) {
      if (!mayList && error instanceof StoreRefused && !WRONG_KEY.has(error.code)) continue; // it may only write
      if (error instanceof LocationError)
        throw new CommandError(`the store with ${what}: ${error.message}; ${mend}`, 1, { cause: error });
      throw error;
    }
  }
};
