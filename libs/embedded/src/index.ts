export {
  type ChildExit,
  childEnvironment,
  type OutputStream,
  type RunningProcess,
  startProcess,
  type StartProcessOptions,
} from './child.js';
export { EmbeddedError, type EmbeddedErrorCode } from './errors.js';
export { freePort, isPortFree } from './ports.js';
export type { DatabaseRole } from './postgres/credentials.js';
export type { DatabaseUrls } from './postgres/databases.js';
export {
  type EmbeddedPostgres,
  removePostgres,
  startPostgres,
  type StartPostgresOptions,
} from './postgres/postgres.js';
export {
  type ProgramName,
  type ProgramOutput,
  runAdmin,
  runFilestoreConfigDoc,
  runWorkerOnce,
  type Server,
  startAgent,
  startApi,
  startFilestore,
  type StartProgramOptions,
  startWorker,
} from './programs.js';
