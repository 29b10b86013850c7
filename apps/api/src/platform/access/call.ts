import type { ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';

/** The request with what authentication put on it. */
export interface AuthenticatedRequest {
  principal?: Principal;
}

/** What is called: the request behind it, and the route or field by name, for the audit log. */
export interface Call {
  request: FastifyRequest & AuthenticatedRequest;
  route: string;
  /** Whether it is there to change something. */
  changes: boolean;
}

const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** The call, whichever door it came by. */
export const callOf = (context: ExecutionContext): Call => {
  if (context.getType<'http' | 'graphql'>() === 'graphql') {
    const { req } = context.getArgByIndex<{ req: Call['request'] }>(2);
    const { parentType, fieldName } = context.getArgByIndex<{ parentType: { name: string }; fieldName: string }>(3);
    return {
      request: req,
      route: `POST /graphql ${parentType.name}.${fieldName}`,
      changes: parentType.name === 'Mutation',
    };
  }
  const request = context.switchToHttp().getRequest<Call['request']>();
  return {
    request,
    route: `${request.method} ${request.routeOptions.url ?? ''}`,
    changes: !READS.includes(request.method),
  };
};
