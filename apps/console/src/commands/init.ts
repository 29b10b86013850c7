import { Command } from 'commander';
import { AGENT_PREFIXES, LocationError, setUpBucket } from '#locations';
import { changeConnections, type Connections } from '../deployment/connections.js';
import { createDeployment, type GivenStore } from '../deployment/create.js';
import { type Deployment, findDeployment } from '../deployment/deployment.js';
import { type Layout, layoutOf } from '../deployment/layout.js';
import { CommandError, usage } from '../errors.js';
import { openBacking } from '../services/backing.js';
import { checkStore } from '../services/check.js';
import { readEnvFile } from '../deployment/files.js';
import { adminEnvironment } from '../services/environment.js';
import { Parts } from '../services/parts.js';
import { migrate, type NewToken, provision, provisionIfNew } from '../services/provision.js';
import { instant } from '../output/human.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR, httpUrl, postgresUrl, wholeNumber } from './options.js';

interface InitOptions {
  dir: string;
  s3Endpoint?: string;
  s3Region: string;
  bucket?: string;
  accessKey?: string;
  secretKey?: string;
  uploadAccessKey?: string;
  uploadSecretKey?: string;
  uploadUser?: string;
  publicEndpoint?: string;
  storePort?: number;
  databaseUrl?: string;
  migrateUrl?: string;
  tokenDays: number;
  newToken?: boolean;
}

const storeOf = (options: InitOptions): GivenStore | undefined => {
  const { s3Endpoint, bucket, accessKey, secretKey, uploadAccessKey, uploadSecretKey } = options;
  const parts = { s3Endpoint, bucket, accessKey, secretKey, uploadAccessKey, uploadSecretKey };
  const missing = Object.entries(parts)
    .filter(([, value]) => value === undefined)
    .map(([name]) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
  if (missing.length === Object.keys(parts).length) return undefined;
  if (
    s3Endpoint === undefined ||
    bucket === undefined ||
    accessKey === undefined ||
    secretKey === undefined ||
    uploadAccessKey === undefined ||
    uploadSecretKey === undefined
  )
    throw usage(`a store that is there needs all of its options; missing: ${missing.join(', ')}`);
  if (accessKey === uploadAccessKey)
    throw usage(
      'the upload key must be another one than the service key, with no right but to put under the agents’ prefixes',
    );
  return {
    endpoint: s3Endpoint,
    region: options.s3Region,
    bucket,
    accessKey,
    secretKey,
    uploadAccessKey,
    uploadSecretKey,
    publicEndpoint: options.publicEndpoint,
  };
};

const connectionsOf = (options: InitOptions): Connections => {
  const { databaseUrl, migrateUrl } = options;
  if ((databaseUrl === undefined) !== (migrateUrl === undefined))
    throw usage('give both --database-url (the application role) and --migrate-url (the owner), or neither');
  return {
    store: storeOf(options),
    database: databaseUrl === undefined || migrateUrl === undefined ? undefined : { url: databaseUrl, migrateUrl },
  };
};

/** The deployment as it is or was made now, and what is to be said about it. */
const ensureDeployment = async (
  layout: Layout,
  options: InitOptions,
): Promise<{ deployment: Deployment; said: string[] }> => {
  const connections = connectionsOf(options);
  const found = await findDeployment(layout);
  if (found === undefined) {
    const made = await createDeployment(layout, { ...connections, storePort: options.storePort, now: new Date() });
    return {
      deployment: made,
      said: [
        `deployment ${made.deployment} is in ${layout.dir}`,
        `store     ${made.endpoint}/${made.bucket}${made.embeddedStore ? ' (our file store, run by rekall up)' : ''}`,
        `database  ${made.embeddedPostgres ? 'PostgreSQL, run by rekall up' : 'the given PostgreSQL'}`,
        `agents    get ${layout.agentConfig}`,
        `keep ${layout.caKey} offline: move it away from this machine`,
      ],
    };
  }
  const changed = await changeConnections(layout, found, connections);
  const kept = `deployment ${found.deployment} is in ${layout.dir} already: its keys are kept`;
  return { deployment: found, said: [kept, ...(changed.length > 0 ? [`changed: ${changed.join(', ')}`] : [])] };
};

/** Sets the bucket up for the upload-only identity, where its user is named. */
const giveRights = async (uploadUser: string | undefined, layout: Layout, terminal: Terminal): Promise<void> => {
  if (uploadUser === undefined) return;
  const env = await readEnvFile(layout.workerEnv);
  const config = {
    endpoint: env['S3_ENDPOINT'] ?? '',
    region: env['S3_REGION'] ?? '',
    bucket: env['S3_BUCKET'] ?? '',
    accessKeyId: env['S3_ACCESS_KEY'] ?? '',
    secretAccessKey: env['S3_SECRET_KEY'] ?? '',
  };
  const rights = { publicPrefix: 'public/', uploadPrincipal: uploadUser, uploadPrefixes: AGENT_PREFIXES };
  try {
    await setUpBucket(config, rights);
  } catch (error) {
    if (!(error instanceof LocationError)) throw error;
    throw new CommandError(`the bucket could not be set up: ${error.message}`, 1, { cause: error });
  }
  terminal.out(
    `rights    public/ is read by anyone; ${uploadUser} may only put where agents do; public ACLs are ignored`,
  );
};

/** Makes what is missing of a deployment, then its schema and first administrator. */
export const initialise = async (options: InitOptions, terminal: Terminal): Promise<void> => {
  const layout = layoutOf(options.dir);
  const { deployment, said } = await ensureDeployment(layout, options);
  for (const line of said) terminal.out(line);
  if (!deployment.embeddedStore) await giveRights(options.uploadUser, layout, terminal);
  if (!deployment.embeddedStore) await checkStore(await readEnvFile(layout.workerEnv), layout);
  const parts = new Parts();
  try {
    const say = (text: string): void => terminal.progress(text);
    const { databases } = await openBacking({ layout, deployment, parts, say, store: false });
    const env = await adminEnvironment(layout, databases);
    await migrate(env);
    const provide = options.newToken === true ? provision : provisionIfNew;
    terminal.out(tokenText(layout, await provide(layout, env, options.tokenDays)));
  } finally {
    await parts.stop();
  }
  terminal.out(`next      rekall up --dir ${layout.dir}`);
};

const tokenText = (layout: Layout, made: NewToken | undefined): string =>
  made === undefined
    ? `token     ${layout.token} (kept)`
    : `token     ${made.token}\n          an administrator's until ${instant(made.expiresAt)}; shown only now, and kept in ${layout.token}`;

/** `rekall init`. */
export const initCommand = (terminal: Terminal): Command =>
  new Command('init')
    .description(
      'makes a deployment: keys, configuration, database schema, first administrator; never overwrites a key',
    )
    .option('--dir <dir>', 'its folder', DEFAULT_DIR)
    .option(
      '--s3-endpoint <url>',
      'a store that is there, without the bucket; our own file store unless given',
      httpUrl,
    )
    .option('--s3-region <region>', 'region that requests are signed for', 'us-east-1')
    .option('--bucket <name>', 'its bucket')
    .option('--access-key <key>', 'the service key: reads and deletes evidence, writes public/')
    .option('--secret-key <secret>', 'its secret')
    .option('--upload-access-key <key>', 'the upload-only key, with which agents’ grants are signed')
    .option('--upload-secret-key <secret>', 'its secret')
    .option(
      '--upload-user <user>',
      'whose the upload-only key is, an ARN or a Ceph user: makes the bucket if it is missing and sets its policy',
    )
    .option('--public-endpoint <url>', 'the store as agents reach it, when that is another address', httpUrl)
    .option('--store-port <port>', 'port of our own file store; a free one unless given', wholeNumber(1, 65_535))
    .option(
      '--database-url <url>',
      'a PostgreSQL that is there, as the application role; our own unless given',
      postgresUrl,
    )
    .option('--migrate-url <url>', 'the same database as its owner', postgresUrl)
    .option('--token-days <days>', 'how long the first token is valid', wholeNumber(1, 3_650), 90)
    .option('--new-token', 'another administrator’s token in place of the one in DIR/token')
    .addHelpText(
      'after',
      `
Examples:
  rekall init --dir /srv/rekall
  rekall init --dir /srv/rekall --database-url postgresql://app:...@db/rekall --migrate-url postgresql://owner:...@db/rekall
  rekall init --dir /srv/rekall --s3-endpoint https://s3.example.org --bucket evidence \\
    --access-key A --secret-key B --upload-access-key C --upload-secret-key D

Called again it keeps all keys, completes what is missing, and changes only the connections that are given.`,
    )
    .action((options: InitOptions) => initialise(options, terminal));
