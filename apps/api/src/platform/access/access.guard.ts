import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '../errors/domain-error.js';
import { ACCESS_METADATA, type AccessRule } from './access.decorator.js';
import { Authenticator, DENIAL_RECORDER, type DenialRecorder } from './authenticator.js';
import { callOf } from './call.js';
import { denied, holdsSomewhere } from './policy.js';
import type { Permission } from './permission.js';
import type { Principal } from './principal.js';

/** The one guard of both doors, for routes, operations and fields alike: no rule, no entry. */
@Injectable()
export class AccessGuard implements CanActivate {
  /** Refusals of a request that are on record: a field of a list is refused once for all of its items. */
  private readonly recorded = new WeakMap<Principal, Set<string>>();

  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    @Inject(DENIAL_RECORDER) private readonly denials: DenialRecorder,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_METADATA, context.getHandler());
    if (rule === undefined)
      throw new DomainError('forbidden', 'access/undeclared', 'This handler declares no access rule.');
    if (rule.kind === 'public') return true;
    const call = callOf(context);
    const principal = await this.authenticator.authenticate(call);
    if (!holdsSomewhere(principal, rule.permission)) await this.refuse(principal, rule.permission, call.route);
    return true;
  }

  private async refuse(principal: Principal, permission: Permission, route: string): Promise<never> {
    const recorded = this.recorded.get(principal) ?? new Set<string>();
    this.recorded.set(principal, recorded);
    if (!recorded.has(route)) {
      recorded.add(route);
      await this.denials.denied(principal, permission, { kind: 'route', id: route });
    }
    throw denied(permission);
  }
}
