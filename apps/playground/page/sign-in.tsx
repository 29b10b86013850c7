import { type SyntheticEvent, useState } from 'react';
import { Asker, type Session, signIn } from './session';

/** Signing in with e-mail and password or with an API token; asks who one is before it lets one in. */
export const SignIn = ({ signedIn }: { signedIn: (asker: Asker) => void }) => {
  const [refusal, setRefusal] = useState('');
  const [busy, setBusy] = useState(false);

  const enter = async (session: () => Promise<Session>): Promise<void> => {
    setBusy(true);
    setRefusal('');
    try {
      const asker = new Asker(await session());
      await asker.ask({ query: '{ me { id } }' });
      signedIn(asker);
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  const field = (form: HTMLFormElement, name: string): string => {
    const value = new FormData(form).get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
  const byPassword = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const password = new FormData(form).get('password');
    void enter(() => signIn(field(form, 'email'), typeof password === 'string' ? password : ''));
  };
  const byToken = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const access = field(event.currentTarget, 'token');
    void enter(() => Promise.resolve({ access }));
  };

  return (
    <main className="sign-in">
      <h1>Rekall Agent: GraphQL</h1>
      <form onSubmit={byPassword} aria-label="E-mail and password">
        <label>
          E-mail
          <input name="email" type="email" autoComplete="username" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <button disabled={busy}>Sign in</button>
      </form>
      <form onSubmit={byToken} aria-label="API token">
        <label>
          or an API token
          <input name="token" type="password" autoComplete="off" placeholder="T_…" required />
        </label>
        <button disabled={busy}>Use the token</button>
      </form>
      <p role="alert">{refusal}</p>
    </main>
  );
};
