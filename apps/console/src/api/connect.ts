import { layoutOf } from '../deployment/layout.js';
import { readIfThere } from '../deployment/files.js';
import { CommandError } from '../errors.js';
import { readRunning } from '../services/running.js';
import { ApiClient } from './client.js';

/** Where the API is and who we are, as options give it. */
export interface ConnectOptions {
  dir: string;
  api?: string | undefined;
  token?: string | undefined;
}

/** The environment, for what options do not give. */
const environment = (name: string): string | undefined => {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
};

/** The API: options first, then REKALL_API and REKALL_TOKEN, then what `init` and `up` left in the folder. */
export const connect = async (options: ConnectOptions): Promise<ApiClient> => {
  const layout = layoutOf(options.dir);
  const api = options.api ?? environment('REKALL_API') ?? (await readRunning(layout))?.api;
  if (api === undefined)
    throw new CommandError(
      `no API is running in ${layout.dir}; start one: rekall up --dir ${layout.dir} (or give --api URL, or REKALL_API)`,
    );
  const token = options.token ?? environment('REKALL_TOKEN') ?? (await readIfThere(layout.token))?.trim();
  if (token === undefined)
    throw new CommandError(
      `no token: give --token or REKALL_TOKEN, or the --dir of a deployment (there is no ${layout.token})`,
    );
  if (!/^[\x21-\x7e]+$/.test(token)) throw new CommandError('the token has characters that no token has');
  return new ApiClient(api.replace(/\/+$/, ''), token);
};
