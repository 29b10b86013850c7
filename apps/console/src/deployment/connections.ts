import { AgentConfig } from '#wire';
import { CommandError } from '../errors.js';
import type { GivenStore } from './create.js';
import type { Deployment } from './deployment.js';
import { envText, readEnvFile, readNeeded, writeWhole } from './files.js';
import type { Layout } from './layout.js';

/** What a later `rekall init` may change: where store and database are, and how they let us in. Never a key of ours. */
export interface Connections {
  store?: GivenStore | undefined;
  database?: { url: string; migrateUrl: string } | undefined;
}

type Variables = Record<string, string>;

const storeVariables = (store: GivenStore): { service: Variables; upload: Variables } => ({
  service: {
    S3_ENDPOINT: store.endpoint,
    S3_REGION: store.region,
    S3_BUCKET: store.bucket,
    S3_ACCESS_KEY: store.accessKey,
    S3_SECRET_KEY: store.secretKey,
  },
  upload: {
    S3_UPLOAD_ACCESS_KEY: store.uploadAccessKey,
    S3_UPLOAD_SECRET_KEY: store.uploadSecretKey,
    ...(store.publicEndpoint === undefined ? {} : { S3_PUBLIC_ENDPOINT: store.publicEndpoint }),
  },
});

const change = async (path: string, variables: Variables): Promise<string[]> => {
  const before = await readEnvFile(path);
  const changed = Object.keys(variables).filter((name) => before[name] !== variables[name]);
  if (changed.length > 0) await writeWhole(path, envText({ ...before, ...variables }));
  return changed;
};

/** Changes the connections of a deployment that is there; answers the names of the variables that are new. */
export const changeConnections = async (
  layout: Layout,
  deployment: Deployment,
  { store, database }: Connections,
): Promise<string[]> => {
  if (store !== undefined && deployment.embeddedStore)
    throw new CommandError(
      `${layout.dir} runs its own file store, with its evidence; make another deployment for ${store.endpoint}`,
    );
  if (database !== undefined && deployment.embeddedPostgres)
    throw new CommandError(`${layout.dir} runs its own PostgreSQL; make another deployment for another database`);
  const url = database === undefined ? {} : { DATABASE_URL: database.url };
  const migrate = database === undefined ? {} : { DATABASE_MIGRATE_URL: database.migrateUrl };
  const { service, upload } = store === undefined ? { service: {}, upload: {} } : storeVariables(store);
  const changed = [
    ...(await change(layout.httpEnv, { ...service, ...url })),
    ...(await change(layout.workerEnv, { ...service, ...upload, ...url })),
    ...(await change(layout.adminEnv, { ...service, ...upload, ...url, ...migrate })),
  ];
  if (store !== undefined && changed.length > 0) {
    const text = await readNeeded(layout.agentConfig, 'restore it from a backup');
    const agent = AgentConfig.parse(JSON.parse(text));
    const bucketUrl = `${(store.publicEndpoint ?? store.endpoint).replace(/\/+$/, '')}/${store.bucket}`;
    await writeWhole(layout.agentConfig, `${JSON.stringify({ ...agent, bucket_url: bucketUrl }, null, 2)}\n`, 0o644);
    const described: Deployment = { ...deployment, endpoint: store.endpoint, bucket: store.bucket };
    await writeWhole(layout.description, `${JSON.stringify(described, null, 2)}\n`, 0o644);
  }
  return [...new Set(changed)];
};
