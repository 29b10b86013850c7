import { z } from 'zod';
import { CommandError } from '../errors.js';
import { printableLines } from '../output/escape.js';

/** An answer of RFC 9457, as far as it is shown. */
const Problem = z.looseObject({
  title: z.string(),
  code: z.string().optional(),
  detail: z.string().optional(),
  instance: z.string().optional(),
  start: z.int().optional(),
  end: z.int().optional(),
  errors: z.array(z.looseObject({ pointer: z.string(), message: z.string() })).optional(),
});

const HINTS: Readonly<Record<number, string>> = {
  401: 'the token is wrong or expired: give --token or REKALL_TOKEN, or make another one: rekall init --new-token --dir DIR',
  403: 'this token may not do that: see rekall me',
};

/** The API refused: `status` and its stable `code`; the message is the API's own, with what to do where we know it. */
export class ApiError extends CommandError {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string | undefined,
    /** The part of a query at fault, as half-open offsets from 0. */
    readonly span?: { start: number; end: number },
  ) {
    super(message);
  }
}

/** The failure behind an answer that is not 2xx. */
export const problemOf = (status: number, body: string, what: string, retryAfter: string | null): ApiError => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // what answered is no API: its text follows
  }
  const parsed = Problem.safeParse(value);
  if (!parsed.success)
    return new ApiError(`${what}: status ${String(status)}, ${printableLines(body.slice(0, 300))}`, status, undefined);
  const { title, code, detail, start, end, errors = [] } = parsed.data;
  const text = detail ?? title;
  const lines = [
    code === undefined ? text : `${text} (${code})`,
    ...errors
      .filter(({ message }) => !text.includes(message))
      .map(({ pointer, message }) => `  ${pointer}: ${message}`),
    ...(HINTS[status] === undefined ? [] : [HINTS[status]]),
    ...(retryAfter === null ? [] : [`try again in ${retryAfter} s`]),
  ];
  const span = start === undefined || end === undefined ? undefined : { start, end };
  return new ApiError(printableLines(lines.join('\n')), status, code, span);
};
