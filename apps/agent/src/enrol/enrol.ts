import type { Logger } from '../logger.js';
import { stateFiles } from '../state/folder.js';
import { StateStore } from '../state/state-store.js';
import { type Identity, loadIdentity, newIdentity, saveIdentity } from './identity.js';

export interface Enrolled {
  identity: Identity;
  state: StateStore;
  /** The state was lost, as this start found. */
  stateLost: boolean;
  /** What lies in the spool is another client's: this folder was copied. */
  isCopy: boolean;
}

/**
 * Who this agent is, and what it remembers. A new agent draws key and queue; no server is asked. A folder that was
 * copied from another machine becomes a new client that says what it was cloned from. A state that is damaged or
 * missing although the key is there means: what was issued until now is not run.
 */
export const enrol = async (
  dir: string,
  options: { machineDigest: string | undefined; now: Date; durable: boolean; logger: Logger },
): Promise<Enrolled> => {
  const { machineDigest, now, durable, logger } = options;
  const files = stateFiles(dir);
  const known = await loadIdentity(files.identity);
  const isCopy =
    known?.machineDigest !== undefined && machineDigest !== undefined && known.machineDigest !== machineDigest;
  if (known !== undefined && !isCopy) {
    const { store, finding } = await StateStore.open(files.state, known.clientId, { now, durable });
    if (finding.kind === 'lost')
      logger.error({ reason: finding.reason }, 'state lost: flows issued before now are not run');
    return { identity: known, state: store, stateLost: finding.kind === 'lost', isCopy: false };
  }
  const identity = newIdentity(machineDigest, isCopy ? known.clientId : undefined);
  // The state comes first: a key without a state would mean that a state was lost.
  const state = await StateStore.create(files.state, identity.clientId, durable);
  await saveIdentity(files.identity, identity, now, durable);
  logger.info({ client_id: identity.clientId, cloned_from: identity.clonedFrom }, 'enrolled');
  return { identity, state, stateLost: false, isCopy };
};
