import { isResultKey } from './bucket-key.js';
import { Refusal } from './errors.js';
import { MAX_TICKET_BYTES, parseJson, parseMessage } from './parse.js';
import { type AgentIdentity, parseSignedFile, verifyAgentFile } from './signing.js';
import { type StatusTicket, type StoredObject, Ticket } from './ticket.js';

/** Every object that a status ticket claims to have written. */
export const ticketObjects = (ticket: StatusTicket): StoredObject[] => [
  ...ticket.collections,
  ...ticket.files,
  ...(ticket.files_collection === undefined ? [] : [ticket.files_collection]),
];

const checkStatus = (ticket: StatusTicket): void => {
  const foreign = ticketObjects(ticket).find((o) => !isResultKey(o.key, ticket.flow_id, ticket.client_id));
  if (foreign !== undefined)
    throw new Refusal(
      'bad-key',
      `${ticket.client_id} names ${JSON.stringify(foreign.key)}, which is no result key of its ${ticket.flow_id}`,
    );
};

/**
 * Verifies a ticket as far as it can be judged alone: size, signature, shape, the client id that its key gives
 * (`identity`), and that it names only result keys of its own flow and client (`bad-key`). `typ` is what the ticket's
 * place in the bucket claims. The caller compares `identity` with the pinned one, and the path with the content.
 */
export const readTicket = async (
  text: string,
  typ: Ticket['__type__'],
): Promise<{ ticket: Ticket } & AgentIdentity> => {
  const file = parseSignedFile(text, 'the ticket', MAX_TICKET_BYTES);
  const who = await verifyAgentFile(file, typ);
  const ticket = parseMessage(Ticket, parseJson(file.payload, 'the ticket', MAX_TICKET_BYTES), 'the ticket');
  if (ticket.__type__ !== typ) throw new Refusal('schema', `a ${ticket.__type__} ticket is signed as a ${typ}`);
  if (ticket.client_id !== who.clientId)
    throw new Refusal('identity', `a ticket of ${ticket.client_id} is signed with the key of ${who.clientId}`);
  if (ticket.__type__ !== 'Startup') checkStatus(ticket);
  return { ticket, ...who };
};
