import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../errors/domain-error.js';
import { ACCESS_METADATA, type AccessRule, type AuthenticatedRequest } from './access.decorator.js';
import { denied, holdsSomewhere } from './policy.js';
import type { Permission } from './permission.js';
import type { Principal } from './principal.js';

/** Turns credentials into a principal; provided by the auth module. */
export const PRINCIPAL_RESOLVER = Symbol('PRINCIPAL_RESOLVER');
export interface PrincipalResolver {
  /** `authorization` as sent. Throws `unauthenticated` when it is absent, malformed, unknown, expired or revoked. */
  resolve(authorization: string | undefined, request: { requestId: string; address: string }): Promise<Principal>;
}

/** Writes denials down; provided by the audit module. */
export const DENIAL_RECORDER = Symbol('DENIAL_RECORDER');
export interface DenialRecorder {
  denied(
    who: Principal | { requestId: string; address: string },
    action: string,
    what: { kind: string; id?: string },
  ): Promise<void>;
}

/** The one guard: no rule, no entry. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(PRINCIPAL_RESOLVER) private readonly principals: PrincipalResolver,
    @Inject(DENIAL_RECORDER) private readonly denials: DenialRecorder,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_METADATA, context.getHandler());
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedRequest>();
    const from = { requestId: request.id, address: request.ip };
    const route = { kind: 'route', id: `${request.method} ${request.routeOptions.url ?? ''}` };
    if (rule === undefined)
      throw new DomainError('forbidden', 'access/undeclared', 'This handler declares no access rule.');
    if (rule.kind === 'public') return true;
    const principal = await this.authenticate(request.headers.authorization, from, route);
    await this.authorise(principal, rule.permission, route);
    request.principal = principal;
    return true;
  }

  private async authenticate(
    header: string | undefined,
    from: { requestId: string; address: string },
    route: { kind: string; id: string },
  ): Promise<Principal> {
    try {
      return await this.principals.resolve(header, from);
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'unauthenticated')
        await this.denials.denied(from, 'access.unauthenticated', route);
      throw error;
    }
  }

  private async authorise(
    principal: Principal,
    permission: Permission,
    route: { kind: string; id: string },
  ): Promise<void> {
    if (holdsSomewhere(principal, permission)) return;
    await this.denials.denied(principal, permission, route);
    throw denied(permission);
  }
}
