import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, CurrentPrincipal } from '../../platform/access/access.decorator.js';
import { heldPermissions } from '../../platform/access/policy.js';
import type { GrantInForce, Principal } from '../../platform/access/principal.js';

const GrantModel = z.object({ role: z.string(), scope: z.string(), valid_until: z.iso.datetime().nullable() });

const renderGrant = (grant: GrantInForce): z.infer<typeof GrantModel> => ({
  role: grant.role,
  scope: grant.scope,
  valid_until: grant.validUntil?.toISOString() ?? null,
});
const MeModel = z
  .object({
    user_id: z.string(),
    name: z.string(),
    token_id: z.string().nullable(),
    session_id: z.string().nullable(),
    grants: z.array(GrantModel),
    token_grants: z.array(GrantModel).nullable(),
    permissions: z.array(z.string()).describe('Held somewhere; the grants say where'),
  })
  .meta({ id: 'Me' });

@ApiTags('me')
@ApiBearerAuth()
@Controller('me')
export class MeController {
  /** The cheap call behind “test connectivity”. */
  @Get()
  @Access('me.read')
  @ApiOkResponse({ standardSchema: MeModel })
  me(@CurrentPrincipal() principal: Principal): z.infer<typeof MeModel> {
    return {
      user_id: principal.userId,
      name: principal.userName,
      token_id: principal.tokenId ?? null,
      session_id: principal.sessionId ?? null,
      grants: principal.grants.map(renderGrant),
      token_grants: principal.tokenGrants === undefined ? null : principal.tokenGrants.map(renderGrant),
      permissions: heldPermissions(principal),
    };
  }
}
