import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { z } from 'zod';
import { needDeployment, type Deployment } from '../deployment/deployment.js';
import { envText, readEnvFile, readNeeded, writeWhole } from '../deployment/files.js';
import { type Layout, layoutOf } from '../deployment/layout.js';
import { CommandError, usage } from '../errors.js';
import type { Terminal } from '../terminal.js';
import { DEFAULT_DIR } from './options.js';

interface RotateOptions {
  dir: string;
  uploads?: boolean;
  uploadAccessKey?: string;
  uploadSecretKey?: string;
}

interface KeyPair {
  accessKey: string;
  secretKey: string;
}

const FilestoreConfig = z.looseObject({ upload: z.looseObject({ accessKey: z.string(), secretKey: z.string() }) });

/** The new key: given, where the store makes its keys; random, where we do. */
const newKey = (deployment: Deployment, options: RotateOptions): KeyPair => {
  const { uploadAccessKey, uploadSecretKey } = options;
  if ((uploadAccessKey === undefined) !== (uploadSecretKey === undefined))
    throw usage('give both --upload-access-key and --upload-secret-key, or neither');
  if (uploadAccessKey !== undefined && uploadSecretKey !== undefined)
    return { accessKey: uploadAccessKey, secretKey: uploadSecretKey };
  if (!deployment.embeddedStore)
    throw usage(
      'the keys of this store are made there: make a new one for the upload-only user, delete the old one, ' +
        'and give it: --upload-access-key C --upload-secret-key D',
    );
  return { accessKey: `upload-${randomBytes(4).toString('hex')}`, secretKey: randomBytes(20).toString('hex') };
};

/** The file store first: from then on the old grants are worth nothing. */
const replaceInFilestore = async (layout: Layout, upload: KeyPair): Promise<void> => {
  const text = await readNeeded(layout.filestoreConfig, 'restore it from a backup');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${layout.filestoreConfig} is not JSON; restore it from a backup`, 1, { cause: error });
  }
  const config = FilestoreConfig.safeParse(value);
  if (!config.success)
    throw new CommandError(`${layout.filestoreConfig} names no upload key; restore it from a backup`);
  await writeWhole(layout.filestoreConfig, `${JSON.stringify({ ...config.data, upload }, null, 2)}\n`);
};

const rotate = async (options: RotateOptions, terminal: Terminal): Promise<void> => {
  if (options.uploads !== true) throw usage('give --uploads');
  const layout = layoutOf(options.dir);
  const deployment = await needDeployment(layout);
  const env = await readEnvFile(layout.workerEnv);
  const upload = newKey(deployment, options);
  if (upload.accessKey === env['S3_ACCESS_KEY']) throw usage('the upload key must be another one than the service key');
  if (upload.accessKey === env['S3_UPLOAD_ACCESS_KEY'])
    throw usage('the upload key is the one that is used already; a new one has another access key');
  if (deployment.embeddedStore) await replaceInFilestore(layout, upload);
  await writeWhole(
    layout.workerEnv,
    envText({ ...env, S3_UPLOAD_ACCESS_KEY: upload.accessKey, S3_UPLOAD_SECRET_KEY: upload.secretKey }),
  );
  terminal.out(`upload-only key ${upload.accessKey} in place of ${env['S3_UPLOAD_ACCESS_KEY'] ?? '(none)'}`);
  const store = deployment.embeddedStore ? 'the file store (or send it SIGHUP) and ' : '';
  terminal.out(
    `restart ${store}the worker now: the old grants end with that, and agents get new ones at their next poll`,
  );
};

/** `rekall rotate`. */
export const rotateCommand = (terminal: Terminal): Command =>
  new Command('rotate')
    .description('replaces a key of the deployment')
    .option('--uploads', 'the upload-only key: every grant that agents hold ends at once')
    .option('--upload-access-key <key>', 'the new key, where the store is not ours')
    .option('--upload-secret-key <secret>', 'its secret')
    .option('--dir <dir>', 'the deployment’s folder', DEFAULT_DIR)
    .addHelpText(
      'after',
      `
Examples:
  rekall rotate --uploads --dir /srv/rekall
  rekall rotate --uploads --upload-access-key C --upload-secret-key D   (a store that is not ours)`,
    )
    .action((options: RotateOptions) => rotate(options, terminal));
