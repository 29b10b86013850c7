/** An answer of RFC 9457: `code` is stable and for programs, `detail` is for people. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  instance: string;
  [more: string]: unknown;
}

/** The media type of every error. */
export const PROBLEM_TYPE = 'application/problem+json';

/** A request's name in the log, as its answer gives it. */
export const instanceOf = (requestId: string): string => `urn:rekall:request:${requestId}`;

/** Builds a problem; its type follows from the code. */
export const problem = (
  status: number,
  title: string,
  code: string,
  detail: string,
  instance: string,
  more: object = {},
): Problem => ({
  type: `urn:rekall:problem:${code}`,
  title,
  status,
  code,
  detail,
  instance,
  ...more,
});
