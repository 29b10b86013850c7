import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from './domain-error.js';
import { ERROR_TABLE } from './error-table.js';
import { instanceOf, PROBLEM_TYPE, problem, type Problem } from './problem.js';
import { stackOf } from './stack-of.js';
import { asUnavailable } from './unavailable.js';

/** The one filter: expected failures by the table, what the framework refuses as it is, all else a 500 that says nothing. */
@Catch()
export class DomainExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('errors');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = asUnavailable(thrown) ?? thrown;
    if (host.getType<'http' | 'graphql'>() === 'graphql') throw error; // formatted by its own door, with the same codes
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const answer = this.render(error, instanceOf(request.id));
    if (error instanceof DomainError && error.options.retryAfterSeconds !== undefined)
      void reply.header('retry-after', String(error.options.retryAfterSeconds));
    if (answer.status === 401) void reply.header('www-authenticate', 'Bearer realm="rekall"');
    void reply.status(answer.status).type(PROBLEM_TYPE).send(answer);
  }

  private render(error: unknown, instance: string): Problem {
    if (error instanceof DomainError) {
      const { status, title } = ERROR_TABLE[error.kind];
      const { errors, more } = error.options;
      return problem(status, title, error.code, error.message, instance, {
        ...more,
        ...(errors === undefined ? {} : { errors }),
      });
    }
    if (error instanceof HttpException) return this.fromFramework(error, instance);
    const statusCode = this.clientErrorOf(error);
    if (statusCode !== undefined)
      return problem(
        statusCode,
        'The request is malformed',
        'request/malformed',
        error instanceof Error ? error.message : 'malformed',
        instance,
      );
    this.logger.error(stackOf(error), undefined, instance);
    return problem(
      500,
      'Internal error',
      'internal/error',
      'Something went wrong on our side; the log has it under this instance.',
      instance,
    );
  }

  private fromFramework(error: HttpException, instance: string): Problem {
    const status = error.getStatus();
    if (status === 404)
      return problem(
        404,
        'Not found',
        'request/no-such-route',
        'There is no such route; see /api/v1/openapi.json.',
        instance,
      );
    return problem(
      status,
      'The request is malformed',
      status === 413 ? 'request/too-large' : 'request/malformed',
      error.message,
      instance,
    );
  }

  /** Fastify's own refusals: a body that is too large, no JSON, another media type. */
  private clientErrorOf(error: unknown): number | undefined {
    if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
    const { statusCode } = error;
    return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
  }
}
