import { z } from 'zod';
import { ALL_LABEL, ClientId, Label } from '#wire';

/** The part of the fleet that a grant is over: `*`, `label:<label>` or `client:<client_id>`. */
export const GrantScope = z.string().refine((text) => {
  if (text === '*') return true;
  const [, kind, name] = /^(label|client):(.+)$/.exec(text) ?? [];
  return kind === 'label' ? name !== ALL_LABEL && Label.safeParse(name).success : ClientId.safeParse(name).success;
}, 'expected *, label:<label> or client:<client id>');
