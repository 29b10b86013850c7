import type { z } from 'zod';
import { CommandError } from '../errors.js';
import { reasonOf } from '../services/check.js';
import { problemOf } from './problem.js';

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

const TIMEOUT_MS = 120_000;

/** The REST API as one caller sees it. Every failure is a {@link CommandError}; refusals are of class ApiError. */
export class ApiClient {
  /** @param base without `/api/v1` and without a slash at its end */
  constructor(
    readonly base: string,
    private readonly token: string,
  ) {}

  /** Reads `/api/v1<path>`. */
  get<T>(path: string, query: Query, schema: z.ZodType<T>): Promise<T> {
    const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
    const search = new URLSearchParams(
      given.map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    return this.#call('GET', search === '' ? path : `${path}?${search}`, {}, undefined, schema);
  }

  /** Asks for a change. */
  post<T>(path: string, body: unknown, schema: z.ZodType<T>, headers: Record<string, string> = {}): Promise<T> {
    return this.#call('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body), schema);
  }

  /** The bytes of an answer as they come, however long that takes. */
  async download(path: string): Promise<ReadableStream<Uint8Array>> {
    const what = `GET ${this.base}/api/v1${path}`;
    const response = await this.#fetch(what, `${this.base}/api/v1${path}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    if (!response.ok)
      throw problemOf(response.status, await response.text(), what, response.headers.get('retry-after'));
    if (response.body === null) throw new CommandError(`${what}: the answer is empty: is this the API?`);
    return response.body;
  }

  async #call<T>(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: string | undefined,
    schema: z.ZodType<T>,
  ): Promise<T> {
    const what = `${method} ${this.base}/api/v1${path.replace(/\?.*/, '')}`;
    const response = await this.#fetch(what, `${this.base}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text, what, response.headers.get('retry-after'));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new CommandError(`${what}: the answer is not JSON: is this the API?`, 1, { cause: error });
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new CommandError(
      `${what}: the answer is not as this version knows it (${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''})`,
    );
  }

  async #fetch(what: string, url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init);
    } catch (error) {
      throw new CommandError(
        `${what}: no answer: ${reasonOf(error)}; is the API running (rekall up --dir DIR), and is --api right?`,
        1,
        { cause: error },
      );
    }
  }
}
