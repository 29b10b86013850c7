import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { callOf } from './call.js';
import type { Permission } from './permission.js';
import type { Principal } from './principal.js';

export const ACCESS_METADATA = 'rekall:access';

/** What a handler needs: a permission, or nothing (said out loud, with the reason). */
export type AccessRule = { kind: 'permission'; permission: Permission } | { kind: 'public'; why: string };

/** The handler needs this permission somewhere; its service looks at the objects. */
export const Access = (permission: Permission) =>
  SetMetadata(ACCESS_METADATA, { kind: 'permission', permission } satisfies AccessRule);

/** The handler is open to everybody; `why` is for the reviewer. */
export const Public = (why: string) => SetMetadata(ACCESS_METADATA, { kind: 'public', why } satisfies AccessRule);

/** The caller, as an argument of a controller or resolver. The guard has set it: a `@Public` handler must not ask for it. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = callOf(context).request;
  if (principal === undefined) throw new Error('no principal: this handler is public or the guard did not run');
  return principal;
});
