import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { catchError, from, mergeMap, type Observable, throwError } from 'rxjs';
import { ACCESS_METADATA, type AccessRule } from '../../platform/access/access.decorator.js';
import { callOf } from '../../platform/access/call.js';
import { DomainError } from '../../platform/errors/domain-error.js';
import { AuditService } from './audit.service.js';

/**
 * Writes down what did not come about: a change that failed after it was allowed, and a refusal that the service made
 * without a word to the log. What has its event already gets no second one.
 */
@Injectable()
export class FailureInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly audit: AuditService,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(
        catchError((error: unknown) =>
          from(this.onRecord(context, error)).pipe(mergeMap(() => throwError(() => error))),
        ),
      );
  }

  private async onRecord(context: ExecutionContext, error: unknown): Promise<void> {
    const { request, route, changes } = callOf(context);
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_METADATA, context.getHandler());
    const { principal } = request;
    if (principal === undefined || rule?.kind !== 'permission' || this.audit.isSettled(principal)) return;
    const what = { kind: 'route' as const, id: route };
    if (error instanceof DomainError && error.kind === 'forbidden')
      await this.audit.denied(principal, rule.permission, what);
    else if (changes)
      await this.audit.failed(principal, {
        action: rule.permission,
        objectKind: what.kind,
        objectId: what.id,
        details: { code: error instanceof DomainError ? error.code : 'internal/error' },
      });
  }
}
