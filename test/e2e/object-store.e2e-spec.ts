import { AGENT_PREFIXES, setUpBucket } from '#locations';
import { objectStoreContract, type Engine, type StoreTarget } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS, fileStoreFolder, startFileStore } from '../support/filestore-process.js';

/** The project's own file store, as a process of its own. */
async function ownFileStore(): Promise<StoreTarget> {
  const folder = await fileStoreFolder();
  const server = await startFileStore(folder.root);
  return {
    endpoint: server.url,
    region: 'us-east-1',
    bucket: 'evidence',
    ...FILESTORE_KEYS,
    close: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}

const { env } = process;

/** Another store, named by the environment; set up first where S3_UPLOAD_USER says whom uploads are allowed. */
async function elsewhere(endpoint: string): Promise<StoreTarget> {
  const { S3_ACCESS_KEY = '', S3_SECRET_KEY = '', S3_BUCKET = 'evidence', S3_REGION = 'us-east-1' } = env;
  const { S3_UPLOAD_ACCESS_KEY: uploadKey, S3_UPLOAD_SECRET_KEY: uploadSecret, S3_UPLOAD_USER: uploadPrincipal } = env;
  const place = { endpoint, region: S3_REGION, bucket: S3_BUCKET };
  const service = { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY };
  if (uploadPrincipal !== undefined)
    await setUpBucket(
      { ...place, ...service },
      { publicPrefix: 'public/', uploadPrincipal, uploadPrefixes: AGENT_PREFIXES },
    );
  return {
    ...place,
    service,
    ...(uploadKey === undefined || uploadSecret === undefined
      ? {}
      : { upload: { accessKeyId: uploadKey, secretAccessKey: uploadSecret } }),
    close: () => Promise.resolve(),
  };
}

function engineOf(name: string): Engine {
  if (name === 'aws' || name === 'ceph-16') return name;
  throw new Error(`S3_ENGINE is aws or ceph-16, not ${name}`);
}

const endpoint = env['S3_ENDPOINT'];
if (endpoint === undefined) objectStoreContract('rekall-filestore', 'aws', true, ownFileStore);
else
  objectStoreContract(endpoint, engineOf(env['S3_ENGINE'] ?? 'aws'), env['S3_UPLOAD_ACCESS_KEY'] !== undefined, () =>
    elsewhere(endpoint),
  );
