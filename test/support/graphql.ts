import type supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';

export interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string; [more: string]: unknown };
}

/** What a GraphQL request was answered. */
export interface GraphqlAnswer<T> {
  status: number;
  data: T | null | undefined;
  errors: GraphqlError[];
  /** Codes of the errors, in their order. */
  codes: string[];
  response: supertest.Response;
}

/** One GraphQL request. */
export const ask = async <T = Record<string, unknown>>(
  http: TestAgent,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<GraphqlAnswer<T>> => {
  const response = await http.post('/graphql').send({ query, variables });
  const body = response.body as { data?: T | null; errors?: GraphqlError[] };
  const errors = body.errors ?? [];
  return { status: response.status, data: body.data, errors, codes: errors.map((e) => e.extensions.code), response };
};

/** The same when nothing may go wrong. */
export const answered = async <T = Record<string, unknown>>(
  http: TestAgent,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<T> => {
  const answer = await ask<T>(http, query, variables);
  if (answer.errors.length > 0 || answer.data === undefined || answer.data === null)
    throw new Error(`${String(answer.status)} ${answer.response.text}`);
  return answer.data;
};
