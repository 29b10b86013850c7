import { ClientId, FlowId, isResultKey } from '#wire';
import type { ApiClient } from '../api/client.js';
import { Collection } from '../api/models.js';
import { listItems } from '../api/pages.js';

/** The collection that is stored under a key, when the catalogue has it. */
export const collectionOfKey = async (api: ApiClient, key: string): Promise<Collection | undefined> => {
  const parts = key.split('/');
  const flowId = parts.find((part) => FlowId.safeParse(part).success);
  const clientId = parts.find((part) => ClientId.safeParse(part).success);
  if (flowId === undefined || clientId === undefined || !isResultKey(key, flowId, clientId)) return undefined;
  const query = { flow_id: flowId, client_id: clientId };
  const { items } = await listItems(api, '/collections', query, Collection, 1_000);
  return items.find((collection) => collection.key === key);
};
