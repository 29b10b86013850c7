import { join, resolve } from 'node:path';

/** Where a deployment's files are. Everything under `ca` is to be kept offline after `rekall init`. */
export interface Layout {
  dir: string;
  description: string;
  caCertificate: string;
  caKey: string;
  signingCertificate: string;
  signingKey: string;
  trust: string;
  queueKey: string;
  httpEnv: string;
  workerEnv: string;
  adminEnv: string;
  filestoreConfig: string;
  agentConfig: string;
  token: string;
  postgres: string;
  store: string;
  data: string;
  agents: string;
  logs: string;
  /** Left by `rekall up` while it runs. */
  running: string;
}

export const layoutOf = (folder: string): Layout => {
  const dir = resolve(folder);
  const at = (...parts: string[]): string => join(dir, ...parts);
  return {
    dir,
    description: at('deployment.json'),
    caCertificate: at('ca', 'ca.pem'),
    caKey: at('ca', 'ca.key'),
    signingCertificate: at('keys', 'signing.pem'),
    signingKey: at('keys', 'signing.key'),
    trust: at('keys', 'trust.json'),
    queueKey: at('keys', 'queue.key'),
    httpEnv: at('http.env'),
    workerEnv: at('worker.env'),
    adminEnv: at('admin.env'),
    filestoreConfig: at('filestore.json'),
    agentConfig: at('agent.json'),
    token: at('token'),
    postgres: at('postgres'),
    store: at('store'),
    data: at('data'),
    agents: at('agents'),
    logs: at('logs'),
    running: at('running.json'),
  };
};
