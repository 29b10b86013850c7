import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '../errors/domain-error.js';
import type { Call } from './call.js';
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

/** Who calls, looked up once a request. */
@Injectable()
export class Authenticator {
  constructor(
    @Inject(PRINCIPAL_RESOLVER) private readonly principals: PrincipalResolver,
    @Inject(DENIAL_RECORDER) private readonly denials: DenialRecorder,
  ) {}

  /** The principal of the request, put on it. Throws `unauthenticated`, which is on record then. */
  async authenticate({ request, route }: Pick<Call, 'request' | 'route'>): Promise<Principal> {
    if (request.principal !== undefined) return request.principal;
    const from = { requestId: request.id, address: request.ip };
    try {
      request.principal = await this.principals.resolve(request.headers.authorization, from);
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'unauthenticated')
        await this.denials.denied(from, 'access.unauthenticated', { kind: 'route', id: route });
      throw error;
    }
    return request.principal;
  }
}
