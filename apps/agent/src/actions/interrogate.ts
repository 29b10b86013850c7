import type { CollectionSpec, InterrogateAction } from '#wire';
import { agentInfo } from '../sources/agent-info.js';
import { systemInfo } from '../sources/system-info.js';
import type { ActionRunner } from './action.js';

/** What Interrogate fills: names and values, and one table each for what is a list. */
const INTERROGATE: CollectionSpec = {
  __type__: 'Collection',
  name: 'interrogate',
  tables: [
    {
      name: 'system_info',
      columns: [
        { name: 'key', type: 'unicode' },
        { name: 'value', type: 'unicode' },
      ],
      indexes: [],
    },
    {
      name: 'interfaces',
      columns: [
        { name: 'name', type: 'unicode' },
        { name: 'mac', type: 'unicode' },
        { name: 'addresses', type: 'json' },
      ],
      indexes: [],
    },
    {
      name: 'users',
      columns: [
        { name: 'username', type: 'unicode' },
        { name: 'uid', type: 'int' },
        { name: 'home', type: 'unicode' },
      ],
      indexes: [],
    },
  ],
};

/** What this machine is, as a collection. */
export const interrogate: ActionRunner<InterrogateAction> = async (_action, { job, output }) => {
  const info = systemInfo();
  await output.collection(INTERROGATE, {}, (collection) => {
    for (const row of agentInfo(job.agent)) collection.insert('system_info', row);
    for (const row of info.interfaces) collection.insert('interfaces', row);
    for (const row of info.users) collection.insert('users', row);
  });
};
