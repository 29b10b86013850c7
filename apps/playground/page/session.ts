import { type ExecutionResult, GraphQLError } from 'graphql';

/** Who is signed in. Kept in memory only: a closed page forgets it. */
export interface Session {
  access: string;
  /** To get the next access token with; an API token has none. */
  refresh?: string;
}

interface SignedIn {
  access_token: string;
  refresh_token: string;
}

/** What the API said against it, in its own words. */
export class Refused extends Error {}

const post = async (path: string, body: object): Promise<SignedIn> => {
  const answer = await fetch(`/api/v1/auth/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = (await answer.json()) as SignedIn & { detail?: string };
  if (!answer.ok) throw new Refused(text.detail ?? `HTTP ${String(answer.status)}`);
  return text;
};

const sessionOf = (signed: SignedIn): Session => ({ access: signed.access_token, refresh: signed.refresh_token });

/** Signs in with e-mail and password. Throws {@link Refused}. */
export const signIn = async (email: string, password: string): Promise<Session> =>
  sessionOf(await post('login', { email, password }));

/** Asks the API as somebody; an access token that has ended is renewed once. */
export class Asker {
  constructor(private session: Session) {}

  /** The answer as it is: errors are in it. Throws {@link Refused} when the credentials are refused. */
  async ask(body: object): Promise<ExecutionResult> {
    let answer = await this.send(body);
    if (answer.status === 401 && this.session.refresh !== undefined) {
      this.session = sessionOf(await post('refresh', { refresh_token: this.session.refresh }));
      answer = await this.send(body);
    }
    const text = (await answer.json()) as ExecutionResult & { detail?: string };
    if (answer.status === 401) throw new Refused(text.errors?.[0]?.message ?? 'not signed in');
    return text.errors === undefined && text.detail !== undefined ? { errors: [new GraphQLError(text.detail)] } : text;
  }

  private send(body: object): Promise<Response> {
    return fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.session.access}` },
      body: JSON.stringify(body),
    });
  }
}
