import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, mergeMap, type Observable } from 'rxjs';
import { Authenticator } from '../../platform/access/authenticator.js';
import { type Call, callOf } from '../../platform/access/call.js';
import { LONGEST_WAIT, preferredWait } from '../../platform/http/prefer.js';
import { Endings } from './endings.service.js';

const CREATED = 201;
/** When to ask again for what has not ended, in seconds. */
const ASK_AGAIN_SECONDS = 5;

/** What is answered of a flow or a hunt, as far as it matters here. */
interface Status {
  status_url: string;
  terminal: boolean;
}

/**
 * The answer of a flow or a hunt for programs: where to ask for its state, when to ask again, and with `Prefer: wait=N`
 * not before it has ended or the time is over. What is answered after waiting is for who the caller is by then.
 */
@Injectable()
export class StatusInterceptor implements NestInterceptor<Status, Status> {
  constructor(
    private readonly endings: Endings,
    private readonly authenticator: Authenticator,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<Status>): Observable<Status> {
    const call = callOf(context);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const ask = () => next.handle();
    return ask().pipe(mergeMap((first) => from(this.answer(call, reply, first, () => lastValueFrom(ask())))));
  }

  private async answer(call: Call, reply: FastifyReply, first: Status, again: () => Promise<Status>): Promise<Status> {
    const seconds = call.changes ? undefined : preferredWait(call.request.headers['prefer']?.toString());
    const status = seconds === undefined ? first : await this.waited(call, reply, first, seconds, again);
    if (reply.statusCode === CREATED) void reply.header('location', status.status_url);
    if (!call.changes) void reply.header('vary', 'Prefer');
    if (!status.terminal) void reply.header('retry-after', String(ASK_AGAIN_SECONDS));
    return status;
  }

  private async waited(
    call: Call,
    reply: FastifyReply,
    first: Status,
    seconds: number,
    again: () => Promise<Status>,
  ): Promise<Status> {
    const applied = (): void => void reply.header('preference-applied', `wait=${seconds}`);
    if (first.terminal) {
      applied();
      return first;
    }
    const { request } = call;
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const id = first.status_url.slice(first.status_url.lastIndexOf('/') + 1);
    if (!(await this.endings.wait(id, request.principal?.userId ?? '', seconds, gone.signal))) return first;
    if (gone.signal.aborted) return first; // nobody reads it
    delete request.principal;
    await this.authenticator.authenticate(call);
    applied();
    return again();
  }
}

/** A route that answers the state of a flow or a hunt. */
export const AnswersStatus = () => applyDecorators(UseInterceptors(StatusInterceptor));

/** The same where one may wait for its end. */
export const AnswersStatusInTime = () =>
  applyDecorators(
    AnswersStatus(),
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: `wait=N: answers when it has ended, or after N seconds (at most ${LONGEST_WAIT}); RFC 7240`,
    }),
  );
