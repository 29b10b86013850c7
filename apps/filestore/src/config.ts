import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { QuotaRule } from './quotas.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

const keyPair = z.strictObject({
  accessKey: z.string().regex(/^[\x21-\x2e\x30-\x7e]{3,128}$/, 'must be 3 to 128 visible characters other than "/"'),
  secretKey: z.string().min(8, 'must have 8 characters or more').max(256),
});

const pattern = z.string().min(1).max(1_024);

const bound = { bytes: z.int().positive(), objects: z.int().positive() };

const quota = z
  .strictObject({
    pattern,
    byClient: z.boolean().default(false),
    ...bound,
    total: z.strictObject(bound).optional(),
  })
  .refine(({ byClient, total }) => byClient || total === undefined, {
    message: 'total is for byClient: without it bytes and objects are the total',
  });

/** Prefixes that the upload-only key may put under unless others are named. */
export const DEFAULT_UPLOAD_PREFIXES: readonly string[] = ['tickets/', 'C.*/vfs/', 'hunts/*/vfs/'];

/** What the holder of the upload-only key may fill. */
export const DEFAULT_QUOTAS: readonly QuotaRule[] = [
  {
    pattern: 'tickets/',
    byClient: true,
    bytes: 256 * MIB,
    objects: 20_000,
    total: { bytes: 20 * GIB, objects: 1_000_000 },
  },
  { pattern: 'C.*/vfs/', byClient: false, bytes: 50 * GIB, objects: 1_000_000 },
  { pattern: 'hunts/*/vfs/', byClient: false, bytes: 1_024 * GIB, objects: 10_000_000 },
];

const domain = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'must be host names in lower case, without a port');

const origin = z.string().regex(/^(\*|https?:\/\/[^/\s,*]+)$/, 'must be * or https://host[:port]');

const tlsFiles = z.strictObject({ cert: z.string().min(1), key: z.string().min(1) });

const settingsSchema = z
  .strictObject({
    root: z.string().min(1),
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(0),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be 3 to 63 of a-z, 0-9, "." and "-"'),
    region: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/)
      .default('us-east-1'),
    publicPrefix: z.string().max(1_024).default('public/'),
    service: keyPair,
    upload: keyPair.optional(),
    uploadPrefixes: z
      .array(pattern)
      .min(1)
      .default([...DEFAULT_UPLOAD_PREFIXES]),
    quotas: z.array(quota).default([...DEFAULT_QUOTAS]),
    domains: z.array(domain).default(['localhost']),
    corsOrigins: z.array(origin).default([]),
    tls: tlsFiles.optional(),
    connections: z.int().positive().max(1_000_000).default(2_000),
    waitingConnections: z.int().min(0).max(1_000_000).default(20_000),
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .refine((value) => value.upload?.accessKey !== value.service.accessKey, {
    message: 'the upload-only access key must not be the service access key',
    path: ['upload'],
  });

/** How the server is set up. */
export type Settings = z.infer<typeof settingsSchema>;

/** Settings as they come from one place, unchecked. */
export type SettingsSource = Readonly<Record<string, unknown>>;

/** A setting is missing or wrong; the message is one line that says which and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What the names of the variables begin with. */
export const ENV = 'REKALL_FILESTORE_';

/** Command-line name of each setting, for messages. */
const OPTION: Readonly<Record<string, string>> = {
  root: '--root',
  bucket: '--bucket',
  port: '--port',
  host: '--host',
  region: '--region',
  publicPrefix: '--public-prefix',
  'service.accessKey': '--access-key',
  'service.secretKey': '--secret-key',
  'upload.accessKey': '--upload-access-key',
  'upload.secretKey': '--upload-secret-key',
  service: '--access-key and --secret-key',
  uploadPrefixes: '--upload-prefix',
  domains: '--domain',
  corsOrigins: '--cors-origin',
  tls: '--tls-cert and --tls-key',
  'tls.cert': '--tls-cert',
  'tls.key': '--tls-key',
  connections: '--connections',
  waitingConnections: '--waiting-connections',
};

/**
 * Reads a JSON file of settings.
 * @throws ConfigError
 */
export function readConfigFile(path: string): SettingsSource {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read the configuration file ${path}: ${(error as Error).message}`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`the configuration file ${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`the configuration file ${path} must hold a JSON object`);
  }
  return value as SettingsSource;
}

/**
 * Reads the certificate chain and key of TLS.
 * @throws ConfigError
 */
export function readTlsFiles({ cert, key }: NonNullable<Settings['tls']>): { cert: Buffer; key: Buffer } {
  const read = (option: string, path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new ConfigError(`${option}: cannot read ${path}: ${(error as Error).message}`, { cause: error });
    }
  };
  const files = { cert: read('--tls-cert', cert), key: read('--tls-key', key) };
  try {
    createSecureContext(files);
  } catch (error) {
    throw new ConfigError(`--tls-cert ${cert} and --tls-key ${key} do not fit: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return files;
}

/** Reads settings from the environment: `REKALL_FILESTORE_ROOT`, `..._ACCESS_KEY`, ... */
export function readEnvironment(env: NodeJS.ProcessEnv): SettingsSource {
  const get = (name: string): string | undefined => env[ENV + name];
  return compact({
    root: get('ROOT'),
    host: get('HOST'),
    port: toNumber(get('PORT')),
    bucket: get('BUCKET'),
    region: get('REGION'),
    publicPrefix: get('PUBLIC_PREFIX'),
    service: compact({ accessKey: get('ACCESS_KEY'), secretKey: get('SECRET_KEY') }),
    upload: compact({ accessKey: get('UPLOAD_ACCESS_KEY'), secretKey: get('UPLOAD_SECRET_KEY') }),
    uploadPrefixes: get('UPLOAD_PREFIXES')?.split(','),
    quotas: quotasFrom(get('QUOTAS')),
    domains: get('DOMAINS')?.split(','),
    corsOrigins: get('CORS_ORIGINS')?.split(','),
    tls: compact({ cert: get('TLS_CERT'), key: get('TLS_KEY') }),
    connections: toNumber(get('CONNECTIONS')),
    waitingConnections: toNumber(get('WAITING_CONNECTIONS')),
    logLevel: get('LOG_LEVEL'),
  });
}

/** @throws ConfigError */
function quotasFrom(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${ENV}QUOTAS is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** The path of the configuration file that the environment names. */
export function configFileFromEnvironment(env: NodeJS.ProcessEnv): string | undefined {
  return env[`${ENV}CONFIG`];
}

/** Digits to a number; other text stays, to be refused by name. */
export function toNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
}

/** Leaves out what is undefined, and objects that are empty then. */
export function compact(source: SettingsSource): SettingsSource {
  return Object.fromEntries(
    Object.entries(source).filter(([, value]) => {
      if (value === undefined) return false;
      return typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length > 0;
    }),
  );
}

function isPlain(value: unknown): value is SettingsSource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Later sources win; key pairs are merged member by member. */
function merge(sources: readonly SettingsSource[]): SettingsSource {
  const merged: Record<string, unknown> = {};
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) {
      const before = merged[name];
      merged[name] = isPlain(before) && isPlain(value) ? { ...before, ...value } : value;
    }
  }
  return merged;
}

/**
 * Checks settings; where two sources name one, the later wins.
 * @throws ConfigError
 */
export function parseSettings(...sources: readonly SettingsSource[]): Settings {
  const parsed = settingsSchema.safeParse(merge(sources));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path.filter((part) => typeof part === 'string').join('.');
    const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
    return `${OPTION[name] ?? (name === '' ? 'settings' : name)}: ${missing ? 'is missing' : issue.message}`;
  });
  throw new ConfigError(problems.join('; '));
}
