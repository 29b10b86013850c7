import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './page.css';
import { GraphiQL } from 'graphiql';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { EXAMPLES } from './examples';
import { Asker } from './session';
import { SignIn } from './sign-in';

/** What GraphiQL remembers, for as long as the page is open: queries name evidence, and do not stay in a browser. */
const memory = (): Storage => {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
  };
};

const TABS = EXAMPLES.map((query) => ({ query }));
const storage = memory();

const Page = () => {
  const [asker, setAsker] = useState<Asker>();
  if (asker === undefined) return <SignIn signedIn={setAsker} />;
  return (
    <GraphiQL
      fetcher={(request) => asker.ask(request)}
      defaultTabs={TABS}
      storage={storage}
      defaultEditorToolsVisibility={false}
      isHeadersEditorEnabled={false}
      showPersistHeadersSettings={false}
    />
  );
};

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
createRoot(root).render(<Page />);
