import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AgentConfig, parseJson, parseMessage, Refusal } from '#wire';
import { codeOf, messageOf, StartError } from './errors.js';
import { FAULT_POINTS, type FaultPoint } from './fault.js';

const MAX_CONFIG_BYTES = 256 * 1024;

/** The configuration as the agent uses it: files read, paths absolute. */
export interface AgentSettings {
  config: AgentConfig;
  ca: X509Certificate;
  /** Where jobs are read and results go: `bucket_url`, or as a file: URL the folder that stands in for the bucket. */
  bucketUrl: string;
  /** Key, state and spool. */
  stateDir: string;
  /** Where jobs may write on this machine; absent: nowhere. */
  localFolder?: string;
  /** PEM text of further TLS roots. */
  extraCa?: string;
}

const readText = async (file: string, what: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw new StartError(`cannot read ${what} ${file}: ${why}`, { cause: error });
  }
};

const readCertificate = (pem: string, file: string): X509Certificate => {
  try {
    const certificate = new X509Certificate(pem);
    if (certificate.ca) return certificate;
  } catch (error) {
    throw new StartError(`${file}: ca_certificate cannot be read: ${messageOf(error)}`, { cause: error });
  }
  throw new StartError(`${file}: ca_certificate is not a CA certificate`);
};

/** A folder that is not there is not made: a disk that is not mounted would be written beside. */
const offlineUrl = async (folder: string): Promise<string> => {
  const path = resolve(folder);
  try {
    if ((await stat(path)).isDirectory()) return pathToFileURL(path).href;
  } catch (error) {
    throw new StartError(
      `--offline ${path}: ${codeOf(error) === 'ENOENT' ? 'there is no such folder' : messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  throw new StartError(`--offline ${path} is no folder`);
};

/** Reads and checks the configuration file. Throws {@link StartError} that names the file and the field. */
export const loadSettings = async (
  file: string,
  options: { stateDir?: string | undefined; offline?: string | undefined },
): Promise<AgentSettings> => {
  const text = await readText(file, 'the configuration');
  let config: AgentConfig;
  try {
    config = parseMessage(AgentConfig, parseJson(text, 'the configuration', MAX_CONFIG_BYTES), 'the configuration');
  } catch (error) {
    if (error instanceof Refusal) throw new StartError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
  const folder = dirname(resolve(file));
  const stateDir = options.stateDir ?? (config.state_dir === undefined ? undefined : resolve(folder, config.state_dir));
  if (stateDir === undefined)
    throw new StartError(`no folder for key, state and spool: give --state DIR, or set state_dir in ${file}`);
  return {
    config,
    ca: readCertificate(config.ca_certificate, file),
    bucketUrl: options.offline === undefined ? config.bucket_url : await offlineUrl(options.offline),
    stateDir: resolve(stateDir),
    ...(config.local_folder === undefined ? {} : { localFolder: resolve(folder, config.local_folder) }),
    ...(config.extra_ca_file === undefined
      ? {}
      : { extraCa: await readText(resolve(folder, config.extra_ca_file), 'extra_ca_file') }),
  };
};

/** The fault point that a kill test armed. Throws {@link StartError} for an unknown one. */
export const faultFromEnvironment = (): FaultPoint | undefined => {
  const name = process.env['REKALL_AGENT_FAULT'];
  if (name === undefined || name === '') return undefined;
  const point = FAULT_POINTS.find((known) => known === name);
  if (point === undefined)
    throw new StartError(`REKALL_AGENT_FAULT: unknown point ${name}; known: ${FAULT_POINTS.join(', ')}`);
  return point;
};

/** Milliseconds by which a test moves this agent's clock. Throws {@link StartError} for what is no number. */
export const clockSkewFromEnvironment = (): number => {
  const text = process.env['REKALL_AGENT_CLOCK_SKEW_MS'] ?? '0';
  const skew = Number(text);
  if (!Number.isSafeInteger(skew)) throw new StartError(`REKALL_AGENT_CLOCK_SKEW_MS: ${text} is no whole number`);
  return skew;
};

/** The file in which a test counts the flows that begin. */
export const startedFileFromEnvironment = (): string | undefined => process.env['REKALL_AGENT_STARTED_FILE'];
