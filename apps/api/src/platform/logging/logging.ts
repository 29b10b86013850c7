import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { destination, type LoggerOptions, pino } from 'pino';
import { redact } from '#locations';

/** Header and field names whose values never reach a log. */
const SECRET_PATHS = [
  'req.headers.authorization',
  'req.headers.cookie',
  '*.secret',
  '*.token',
  '*.password',
  '*.secretAccessKey',
];

/** JSON lines on stderr: stdout is for the one line that says where the program listens. */
export const pinoOptions = (level: string): LoggerOptions => ({
  level,
  redact: { paths: SECRET_PATHS, censor: '***' },
  hooks: {
    logMethod(args, method) {
      method.apply(
        this,
        args.map((a: unknown) => (typeof a === 'string' ? redact(a) : a)) as Parameters<typeof method>,
      );
    },
  },
});

/** Nest's logger and one line a request, with the request id and without headers that hold secrets. */
export const loggingModule = (level: string): DynamicModule =>
  LoggerModule.forRoot({
    pinoHttp: {
      logger: pino(pinoOptions(level), destination({ dest: 2, sync: false })),
      autoLogging: { ignore: (request) => request.url === '/api/v1/health/live' },
      customLogLevel: (_request, reply, error) => (error !== undefined || reply.statusCode >= 500 ? 'error' : 'info'),
      serializers: {
        req: (request: { id: string; method: string; url: string }) => ({
          id: request.id,
          method: request.method,
          url: redact(request.url.split('?')[0] ?? ''),
        }),
        res: (reply: { statusCode: number }) => ({ status: reply.statusCode }),
      },
    },
  });
