import { Prisma } from '../../generated/prisma/client.js';
import type { Reach, Scope } from '../access/policy.js';

const oneScope = (clientId: Prisma.Sql, scope: Scope): Prisma.Sql => {
  if (scope.all) return Prisma.sql`TRUE`;
  const clients = [...scope.clients];
  const labels = [...scope.labels];
  if (labels.length === 0)
    return clients.length === 0 ? Prisma.sql`FALSE` : Prisma.sql`${clientId} = ANY(${clients}::text[])`;
  // One label is a part of an index that is in order of the client id: a page reads its own clients and no others.
  const labelled =
    labels.length === 1 ? Prisma.sql`scope_l.label = ${labels[0]}` : Prisma.sql`scope_l.label = ANY(${labels}::text[])`;
  // One set, not two conditions with OR between them: those would be looked at client by client.
  return clients.length === 0
    ? Prisma.sql`EXISTS (SELECT 1 FROM client_labels scope_l WHERE scope_l.client_id = ${clientId} AND ${labelled})`
    : Prisma.sql`${clientId} IN (SELECT scope_l.client_id FROM client_labels scope_l WHERE ${labelled} UNION ALL SELECT unnest(${clients}::text[]))`;
};

/**
 * A reach as a SQL condition over a client id column, for lists, counts and single objects alike.
 * @param clientId the column as trusted SQL, such as `Prisma.sql\`r.client_id\``
 */
export const withinReach = (clientId: Prisma.Sql, reach: Reach): Prisma.Sql => {
  const own = oneScope(clientId, reach.own);
  return reach.token === undefined ? own : Prisma.sql`(${own} AND ${oneScope(clientId, reach.token)})`;
};

/** A reach as a SQL condition over the scope of a grant, as text. */
export const scopeWithinReach = (scope: Prisma.Sql, reach: Reach): Prisma.Sql => {
  const one = ({ all, labels, clients }: Scope): Prisma.Sql =>
    all
      ? Prisma.sql`TRUE`
      : Prisma.sql`${scope} = ANY(${[...labels.map((l) => `label:${l}`), ...clients.map((c) => `client:${c}`)]}::text[])`;
  return reach.token === undefined ? one(reach.own) : Prisma.sql`(${one(reach.own)} AND ${one(reach.token)})`;
};

/**
 * Whether labels of an object overlap those of a reach: what is over a label that somebody holds is theirs to see, even
 * before a client has that label.
 */
export const labelsWithinReach = (labels: Prisma.Sql, reach: Reach): Prisma.Sql => {
  const one = (scope: Scope): Prisma.Sql =>
    scope.all ? Prisma.sql`TRUE` : Prisma.sql`${labels} && ${[...scope.labels]}::text[]`;
  return reach.token === undefined ? one(reach.own) : Prisma.sql`(${one(reach.own)} AND ${one(reach.token)})`;
};
