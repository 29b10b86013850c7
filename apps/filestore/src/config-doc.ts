import { ENV, parseSettings, type Settings } from './config.js';

/** One setting, for `rekall config doc` and docs/operations.md. */
export interface DescribedSetting {
  readonly name: string;
  readonly role: 'filestore';
  readonly default: string;
  readonly description: string;
}

/** The variable of each setting and what it is. */
const VARIABLES: readonly (readonly [name: string, setting: keyof Settings, description: string])[] = [
  ['ROOT', 'root', 'Where the objects lie; made if missing'],
  ['BUCKET', 'bucket', 'The one bucket'],
  ['HOST', 'host', 'Address to listen on'],
  ['PORT', 'port', 'Port; 0 takes a free one'],
  ['REGION', 'region', 'Region in signatures'],
  ['PUBLIC_PREFIX', 'publicPrefix', 'Objects that anyone may read begin so'],
  ['ACCESS_KEY', 'service', 'The service key, which may do everything'],
  ['SECRET_KEY', 'service', 'Its secret'],
  ['UPLOAD_ACCESS_KEY', 'upload', 'The upload-only key'],
  ['UPLOAD_SECRET_KEY', 'upload', 'Its secret'],
  [
    'UPLOAD_PREFIXES',
    'uploadPrefixes',
    'Where the upload-only key may put, comma-separated; * is a part of one segment',
  ],
  [
    'QUOTAS',
    'quotas',
    'What the upload-only key may fill, JSON: under each prefix that a pattern matches, or per client id in the key (byClient) and over all clients (total)',
  ],
  ['DOMAINS', 'domains', 'Host names of this server, comma-separated; BUCKET.name names the bucket too'],
  ['CORS_ORIGINS', 'corsOrigins', 'Pages of these origins may read answers, comma-separated; * for all'],
  ['TLS_CERT', 'tls', 'Certificate chain (PEM file): serves https'],
  ['TLS_KEY', 'tls', 'Its key (PEM file)'],
  ['CONNECTIONS', 'connections', 'Connections served at the same time; more wait'],
  ['WAITING_CONNECTIONS', 'waitingConnections', 'Connections that may wait; more are closed'],
  ['LOG_LEVEL', 'logLevel', 'debug, info, warn, error or silent'],
];

const REQUIRED: ReadonlySet<keyof Settings> = new Set(['root', 'bucket', 'service']);

/** Every environment variable of the file store with its default. */
export function describeSettings(): DescribedSetting[] {
  const defaults = parseSettings({ root: '/', bucket: 'bucket', service: { accessKey: 'key', secretKey: 'secret--' } });
  return VARIABLES.map(([name, setting, description]) => ({
    name: ENV + name,
    role: 'filestore',
    default: REQUIRED.has(setting) ? '(required)' : shown(setting, defaults[setting]),
    description,
  }));
}

function shown(setting: keyof Settings, value: Settings[keyof Settings]): string {
  if (setting === 'quotas') return JSON.stringify(value);
  if (typeof value === 'object' && !Array.isArray(value)) throw new TypeError(`${setting} has no default to show`);
  const text = Array.isArray(value) ? value.filter((item) => typeof item === 'string').join(',') : String(value ?? '');
  return text === '' ? '(none)' : text;
}
