import { INTERROGATE_COLLECTION, type InterrogateAction } from '#wire';
import { agentInfo } from '../sources/agent-info.js';
import { systemInfo } from '../sources/system-info.js';
import type { ActionRunner } from './action.js';

/** What this machine is, as a collection. */
export const interrogate: ActionRunner<InterrogateAction> = async (_action, { job, output }) => {
  const info = systemInfo();
  await output.collection(INTERROGATE_COLLECTION, {}, (collection) => {
    for (const row of agentInfo(job.agent)) collection.insert('system_info', row);
    for (const row of info.interfaces) collection.insert('interfaces', row);
    for (const row of info.users) collection.insert('users', row);
  });
};
