import { z } from 'zod';

/** Which composition root is starting: only `worker` (and `admin`) may hold signing and upload keys. */
export type Role = 'http' | 'worker' | 'admin';

const port = z.coerce.number().int().min(0).max(65_535);
const hexKey = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');
const hex32 = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits');
const url = z.url({ protocol: /^https?$/ });
const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  message: 'expected postgresql://user:password@host:port/database',
});
const seconds = (fallback: number) => z.coerce.number().positive().default(fallback);

const common = {
  DATABASE_URL: postgresUrl.describe('Postgres as the application role: INSERT and SELECT only on the audit tables'),
  S3_ENDPOINT: url.describe('The store, without the bucket: https://s3.example.org'),
  S3_REGION: z.string().min(1).default('us-east-1').describe('Region that requests are signed for'),
  S3_BUCKET: z.string().min(3).max(63).describe('The bucket'),
  S3_ACCESS_KEY: z.string().min(1).describe('The service key: reads and deletes evidence, writes public/'),
  S3_SECRET_KEY: z.string().min(1).describe('Its secret'),
  REKALL_DEPLOYMENT: hex32.describe('The deployment, as in every signed file'),
  REKALL_DATA_DIR: z
    .string()
    .min(1)
    .default('.rekall/data')
    .describe('Cache of downloaded collections and other scratch files'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('How much is logged'),
  REKALL_FAULT: z.string().optional().describe('Tests only: the process kills itself at this point'),
};

const http = {
  HTTP_HOST: z.string().min(1).default('127.0.0.1').describe('Address that the API listens on'),
  HTTP_PORT: port.default(8080).describe('Port; 0 takes a free one'),
  REKALL_CURSOR_KEY: hexKey.describe('Seals paging cursors; change it and old cursors are refused'),
  REKALL_SESSION_KEY: hexKey.describe(
    'Signs access tokens of people; change it and everybody refreshes or signs in again',
  ),
  REKALL_CACHE_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(10 * 1024 ** 3)
    .describe('Size limit of the collection cache'),
  REKALL_READER_SECONDS: seconds(30).describe('Time limit of one read of a collection'),
  REKALL_READER_MEMORY: z.coerce
    .number()
    .int()
    .positive()
    .default(512 * 1024 ** 2)
    .describe('Memory limit of the reader process in bytes'),
};

const worker = {
  REKALL_PUBLIC_SECRET: hex32.describe('The secret in public/<secret>/'),
  REKALL_CA_CERT_FILE: z.string().min(1).describe('The CA certificate (PEM)'),
  REKALL_SIGNING_CERT_FILE: z.string().min(1).describe('The signing leaf (PEM)'),
  REKALL_SIGNING_KEY_FILE: z.string().min(1).describe('Its private key (PEM, 0600)'),
  REKALL_TRUST_FILE: z.string().min(1).describe('The trust list signed by the CA (JSON)'),
  REKALL_QUEUE_KEY_FILE: z.string().min(1).describe('Key of label queue names (64 hex digits, 0600)'),
  S3_UPLOAD_ACCESS_KEY: z.string().min(1).describe('The upload-only key that grants are signed with'),
  S3_UPLOAD_SECRET_KEY: z.string().min(1).describe('Its secret'),
  S3_PUBLIC_ENDPOINT: url.optional().describe('The store as agents reach it; S3_ENDPOINT when absent'),
  GRANT_DAYS: z.coerce.number().min(0.01).max(7).default(7).describe('How long grants and the Manifest are good for'),
  REKALL_POLL_MIN: seconds(5).describe('Agents poll at least this often after work, in seconds'),
  REKALL_POLL_MAX: seconds(60).describe('and at most this seldom when idle'),
  REKALL_INTAKE_SECONDS: seconds(1).describe('Pause between two looks at tickets/ when there is nothing to do'),
  REKALL_RECONCILE_SECONDS: seconds(60).describe('How often bucket and Postgres are compared'),
  REKALL_ARCHIVE_SECONDS: seconds(60).describe('How often processed tickets go to the ledger'),
  REKALL_SEAL_SECONDS: seconds(300).describe(
    'How long a chained event of the audit log may wait for its sealed segment',
  ),
  REKALL_PATROL_SECONDS: seconds(3600).describe(
    'How often all that agents have uploaded is listed: bytes per client, budgets, orphans',
  ),
  REKALL_HUNT_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(1024 ** 4)
    .describe('A hunt is stopped when the results that accepted tickets name take more in the bucket'),
  REKALL_ENROLMENT: z
    .enum(['open', 'approve'])
    .default('open')
    .describe('approve keeps new clients out of targets until a person accepts them'),
  REKALL_REGISTRATIONS_PER_HOUR: z.coerce
    .number()
    .int()
    .positive()
    .default(10_000)
    .describe('Bound on new clients an hour'),
};

const admin = { DATABASE_MIGRATE_URL: postgresUrl.describe('Postgres as the owner: migrations only') };

const schemas = {
  http: z.object({ ...common, ...http }),
  worker: z.object({ ...common, ...worker }),
  admin: z.object({ ...common, ...worker, ...admin }).partial({ REKALL_SIGNING_KEY_FILE: true }),
};

export type HttpConfig = z.infer<(typeof schemas)['http']>;
export type WorkerConfig = z.infer<(typeof schemas)['worker']>;
export type AdminConfig = z.infer<(typeof schemas)['admin']>;
/** What every role has. */
export type CommonConfig = Pick<HttpConfig, keyof typeof common>;

interface ConfigOf {
  http: HttpConfig;
  worker: WorkerConfig;
  admin: AdminConfig;
}

/** The environment does not fit: names and reasons, never values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Variables that the HTTP role must not even hold: it cannot sign what agents obey. */
const FORBIDDEN_FOR_HTTP = ['REKALL_SIGNING_KEY_FILE', 'S3_UPLOAD_SECRET_KEY', 'REKALL_QUEUE_KEY_FILE'] as const;

/** What later versions need and a deployment made by an older one lacks: how to add it. */
const HOW_TO_SET: Record<string, string> = {
  REKALL_SESSION_KEY:
    ' (a deployment made by an older version lacks it): add it to http.env once, as 64 hex digits: ' +
    'echo "REKALL_SESSION_KEY=$(openssl rand -hex 32)" >> http.env',
};

/** Parses the environment for a role. Throws {@link ConfigError} with every wrong variable at once. */
export function loadConfig<R extends Role>(role: R, env: Record<string, string | undefined>): ConfigOf[R] {
  if (role === 'http') {
    const held = FORBIDDEN_FOR_HTTP.filter((name) => env[name] !== undefined && env[name] !== '');
    if (held.length > 0)
      throw new ConfigError(`the HTTP role must not hold ${held.join(', ')}: give them to the worker only`);
  }
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schemas[role].safeParse(given);
  if (parsed.success) return parsed.data as ConfigOf[R];
  const wrong = parsed.error.issues.map((issue) => {
    const name = issue.path.map(String).join('.');
    return `${name}: ${given[name] === undefined ? `is not set${HOW_TO_SET[name] ?? ''}` : issue.message}`;
  });
  throw new ConfigError(`the environment is incomplete or wrong; ${wrong.join('; ')}`);
}

const describe = (schema: z.ZodType): string =>
  schema.description ?? (schema instanceof z.ZodDefault ? ((schema.def.innerType as z.ZodType).description ?? '') : '');

/** One row a variable, for `rekall config doc` and docs/operations.md. */
export function describeConfig(): { name: string; role: string; default: string; description: string }[] {
  const rows = (role: string, shape: Record<string, z.ZodType>) =>
    Object.entries(shape).map(([name, schema]) => {
      const fallback = schema.safeParse(undefined);
      const shown =
        typeof fallback.data === 'string' || typeof fallback.data === 'number' ? String(fallback.data) : '(none)';
      return { name, role, default: fallback.success ? shown : '(required)', description: describe(schema) };
    });
  return [...rows('all', common), ...rows('http', http), ...rows('worker', worker), ...rows('admin', admin)];
}
