import { Command } from 'commander';
import { pino } from 'pino';
import {
  compact,
  ConfigError,
  configFileFromEnvironment,
  DEFAULT_QUOTAS,
  DEFAULT_UPLOAD_PREFIXES,
  parseSettings,
  readConfigFile,
  readEnvironment,
  toNumber,
  type Settings,
} from './config.js';
import { describeSettings } from './config-doc.js';
import { FolderInUseError } from './disk/lock.js';
import { isErrno } from './disk/folder-cache.js';
import { startFileStore, type RunningFileStore } from './server.js';

interface Options {
  readonly config?: string;
  readonly configDoc?: boolean;
  readonly root?: string;
  readonly host?: string;
  readonly port?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly publicPrefix?: string;
  readonly accessKey?: string;
  readonly secretKey?: string;
  readonly uploadAccessKey?: string;
  readonly uploadSecretKey?: string;
  readonly uploadPrefix?: string[];
  readonly domain?: string[];
  readonly corsOrigin?: string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly connections?: string;
  readonly waitingConnections?: string;
  readonly logLevel?: string;
}

/** Collects an option that may be given more than once. */
const repeated = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

function command(): Command {
  return new Command('rekall-filestore')
    .description('A stand-alone S3-compatible file server: one bucket in a folder.')
    .option(
      '--config <file>',
      'JSON file with the settings below (root, host, port, bucket, service: {accessKey, secretKey}, ...)',
    )
    .option('--root <folder>', 'where the objects lie; made if missing')
    .option('--bucket <name>', 'the one bucket')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on; 0 takes a free one (default: 0)')
    .option('--access-key <key>', 'access key of the service, which may do everything')
    .option('--secret-key <secret>', 'its secret; safer in --config or the environment')
    .option('--upload-access-key <key>', 'access key that may only put objects')
    .option('--upload-secret-key <secret>', 'its secret')
    .option(
      '--upload-prefix <prefix>',
      `where the upload-only key may put, repeatable; * is a part of one path segment (default: ${DEFAULT_UPLOAD_PREFIXES.join(' ')})`,
      repeated,
    )
    .option('--public-prefix <prefix>', 'objects that anyone may read begin so (default: public/)')
    .option('--region <region>', 'region in signatures (default: us-east-1)')
    .option('--tls-cert <file>', 'certificate chain, PEM: serves https; with --tls-key')
    .option('--tls-key <file>', 'its key, PEM')
    .option(
      '--domain <name>',
      'host name of this server; BUCKET.<name> names the bucket too, repeatable (default: localhost)',
      repeated,
    )
    .option('--cors-origin <origin>', 'pages of this origin may read answers, * for all; repeatable', repeated)
    .option('--connections <number>', 'connections served at the same time; more wait (default: 2000)')
    .option('--waiting-connections <number>', 'connections that may wait; more are closed (default: 20000)')
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
    .option('--config-doc', 'print every setting, its default and what it is as one line of JSON, and end')
    .addHelpText(
      'after',
      `\nWhat the upload-only key may fill (quotas, in --config or _QUOTAS; default):\n${DEFAULT_QUOTAS.map((rule) => `  ${JSON.stringify(rule)}\n`).join('')}` +
        '\nEach setting can also come from the environment: REKALL_FILESTORE_ROOT, _BUCKET, _ACCESS_KEY, _SECRET_KEY,' +
        '\n_UPLOAD_ACCESS_KEY, _UPLOAD_SECRET_KEY, _UPLOAD_PREFIXES (comma-separated), _QUOTAS (JSON), _CONFIG, ... An option' +
        '\nwins over the environment, the environment over the file. SIGHUP reads the keys again. When ready, one line {"listening":"http://..."} is printed.',
    )
    .allowExcessArguments(false);
}

const optionsFrom = (argv: readonly string[]): Options => command().parse(argv, { from: 'user' }).opts<Options>();

function settingsFrom(options: Options, env: NodeJS.ProcessEnv): Settings {
  const file = options.config ?? configFileFromEnvironment(env);
  const given = compact({
    root: options.root,
    host: options.host,
    port: toNumber(options.port),
    bucket: options.bucket,
    region: options.region,
    publicPrefix: options.publicPrefix,
    service: compact({ accessKey: options.accessKey, secretKey: options.secretKey }),
    upload: compact({ accessKey: options.uploadAccessKey, secretKey: options.uploadSecretKey }),
    uploadPrefixes: options.uploadPrefix,
    domains: options.domain,
    corsOrigins: options.corsOrigin,
    tls: compact({ cert: options.tlsCert, key: options.tlsKey }),
    connections: toNumber(options.connections),
    waitingConnections: toNumber(options.waitingConnections),
    logLevel: options.logLevel,
  });
  return parseSettings(file === undefined ? {} : readConfigFile(file), readEnvironment(env), given);
}

/** One line for what an operator can mend; undefined for anything else. */
function explain(error: unknown, settings: Settings | undefined): string | undefined {
  if (error instanceof ConfigError) return `${error.message} (see --help)`;
  if (error instanceof FolderInUseError) return error.message;
  if (settings === undefined || !(error instanceof Error)) return undefined;
  const address = `${settings.host}:${String(settings.port)}`;
  if (isErrno(error, 'EADDRINUSE'))
    return `${address} is in use: choose another --port, or stop the program that has it`;
  if (isErrno(error, 'EADDRNOTAVAIL', 'ENOTFOUND')) return `${settings.host} is not an address of this machine`;
  if (isErrno(error, 'EACCES', 'EPERM', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'EROFS')) return error.message;
  return undefined;
}

/** Stops on SIGTERM and SIGINT, after the requests that run; at once when asked twice. */
async function untilStopped(running: RunningFileStore): Promise<void> {
  const stop = Promise.withResolvers<undefined>();
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(130);
    asked = true;
    stop.resolve(undefined);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  await stop.promise;
  await running.close();
}

/**
 * The program.
 * @param print writes a line to standard output
 * @param complain writes a line to standard error
 * @returns the exit code
 */
export async function run(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  let settings: Settings | undefined;
  try {
    const options = optionsFrom(argv);
    if (options.configDoc === true) {
      print(JSON.stringify({ config: describeSettings() }));
      return 0;
    }
    settings = settingsFrom(options, env);
    const log = pino({ name: 'rekall-filestore', level: settings.logLevel }, pino.destination(2));
    const running = await startFileStore(settings, { log, now: Date.now });
    print(JSON.stringify({ listening: running.url }));
    process.on('SIGHUP', () => {
      try {
        running.replaceKeys(settingsFrom(options, env));
        log.info('took over the keys of the configuration');
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        log.error(`kept the keys: ${error.message}`);
      }
    });
    await untilStopped(running);
    return 0;
  } catch (error) {
    const line = explain(error, settings);
    if (line === undefined) throw error;
    complain(`rekall-filestore: ${line}`);
    return 1;
  }
}
