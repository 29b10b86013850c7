import { z } from 'zod';
import type { Grant, User } from '../domain/user.js';

const time = z.iso.datetime();

export const UserModel = z
  .object({
    user_id: z.string(),
    name: z.string(),
    kind: z.enum(['person', 'service']),
    email: z.string().nullable(),
    has_password: z.boolean(),
    disabled: z.boolean(),
    disabled_at: time.nullable(),
    created_at: time,
  })
  .meta({ id: 'User' });

export const renderUser = (user: User): z.infer<typeof UserModel> => ({
  user_id: user.id,
  name: user.name,
  kind: user.kind,
  email: user.email,
  has_password: user.hasPassword,
  disabled: user.disabledAt !== null,
  disabled_at: user.disabledAt?.toISOString() ?? null,
  created_at: user.createdAt.toISOString(),
});

export const GrantModel = z
  .object({
    grant_id: z.string(),
    user_id: z.string(),
    role: z.string(),
    scope: z.string(),
    valid_from: time,
    valid_until: time.nullable().describe('null: for good'),
    created_at: time,
    created_by: z.string(),
  })
  .meta({ id: 'Grant' });

export const renderGrant = (grant: Grant): z.infer<typeof GrantModel> => ({
  grant_id: grant.id,
  user_id: grant.userId,
  role: grant.role,
  scope: grant.scope,
  valid_from: grant.validFrom.toISOString(),
  valid_until: grant.validUntil?.toISOString() ?? null,
  created_at: grant.createdAt.toISOString(),
  created_by: grant.createdBy,
});
