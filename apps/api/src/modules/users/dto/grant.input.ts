import { z } from 'zod';
import { ROLES } from '../../../platform/access/permission.js';
import { GrantScope } from '../../../platform/access/grant-scope.js';
import { UserId } from './user.input.js';

export const GrantId = z.string().regex(/^G_[0-9a-f]{16}$/, 'a grant id is G_ and 16 hex digits');

export const GrantInput = z
  .strictObject({
    user_id: UserId,
    role: z.enum(ROLES),
    scope: GrantScope,
    valid_from: z.iso.datetime({ offset: true }).optional().describe('Now unless given'),
    valid_until: z.iso.datetime({ offset: true }).optional().describe('For good unless given'),
  })
  .meta({ id: 'GrantInput' });
export type GrantInput = z.infer<typeof GrantInput>;
