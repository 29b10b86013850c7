import { collectAction } from './agent-deployment.js';

/** What most tests of the agent run: name and pid of every process. */
export const PSLIST = collectAction('select Name as name, pid from pslist()', [
  { name: 'name', type: 'unicode' },
  { name: 'pid', type: 'int' },
]);

/** Keeps a processor busy for minutes: every process against every process against every process. */
export const ENDLESS = 'any from pslist() where any(pslist(), any(pslist(), pid == 0))';
export const ENDLESS_QUERY = `select pid from pslist() where (${ENDLESS})`;
export const SLOW = collectAction(ENDLESS_QUERY, [{ name: 'pid', type: 'int' }]);
