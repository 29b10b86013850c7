import { objectStoreContract, type StoreTarget } from '../contract/object-store.contract.js';
import { FILESTORE_KEYS, fileStoreFolder, startFileStore } from '../support/filestore-process.js';

/** The project's own file store, as a process of its own. */
async function ownFileStore(): Promise<StoreTarget> {
  const folder = await fileStoreFolder();
  const server = await startFileStore(folder.root);
  return {
    endpoint: server.url,
    region: 'us-east-1',
    bucket: 'evidence',
    service: FILESTORE_KEYS.service,
    close: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}

/** Another engine, named by the environment. */
function elsewhere(endpoint: string): StoreTarget {
  const { S3_ACCESS_KEY = '', S3_SECRET_KEY = '', S3_BUCKET = 'evidence', S3_REGION = 'us-east-1' } = process.env;
  return {
    endpoint,
    region: S3_REGION,
    bucket: S3_BUCKET,
    service: { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY },
    close: () => Promise.resolve(),
  };
}

const endpoint = process.env['S3_ENDPOINT'];
if (endpoint === undefined) objectStoreContract('rekall-filestore', ownFileStore);
else objectStoreContract(endpoint, () => Promise.resolve(elsewhere(endpoint)));
