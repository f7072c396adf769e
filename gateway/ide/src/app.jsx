import { DocExplorerStore } from '@graphiql/plugin-doc-explorer';
import { GraphiQLProvider, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { GraphiQL, GraphiQLInterface } from 'graphiql';
import { useEffect, useMemo, useRef, useState } from 'react';
import { CredentialBar } from './credential.jsx';
import { DOCUMENTATION } from './documentation.jsx';
import { createFetcher } from './endpoint.js';
import assets from './examples/assets.graphql?raw';
import people from './examples/people.graphql?raw';
import policies from './examples/policies.graphql?raw';
import viewer from './examples/viewer.graphql?raw';

const EXAMPLES = [assets, policies, people, viewer].map(query => ({ query: query.trim() }));
const PLUGINS = [DOCUMENTATION];
const NOTHING_YET = { ok: true, text: '' };

export function App() {
  const [token, setToken] = useState('');
  const [purpose, setPurpose] = useState('');
  const [told, setTold] = useState(NOTHING_YET);
  const latestPurpose = useRef('');
  latestPurpose.current = purpose;
  // A new token is a new fetcher, and a new fetcher makes GraphiQL read the schema again: it may differ by caller.
  const fetcher = useMemo(() => createFetcher(() => ({ token, purpose: latestPurpose.current }), setTold), [token]);

  function takeToken(next) {
    setToken(next);
    setTold(NOTHING_YET);
    // The field that had the focus is gone: what comes next is running the query, or pasting another token.
    requestAnimationFrame(() => document.querySelector(next ? '.graphiql-execute-button' : '#token')?.focus());
  }

  return (
    <>
      <CredentialBar token={token} purpose={purpose} onToken={takeToken} onPurpose={setPurpose} />
      <main>
        <GraphiQLProvider
          fetcher={fetcher}
          schema={token ? undefined : null}
          schemaDescription
          inputValueDeprecation
          defaultTabs={EXAMPLES}
          plugins={PLUGINS}
          referencePlugin={DOCUMENTATION}
          shouldPersistHeaders={false}
          storage={tabStorage()}
        >
          <DocExplorerStore>
            <GraphiQLInterface isHeadersEditorEnabled={false} showPersistHeadersSettings={false}>
              <GraphiQL.Logo>
                <p id="told" role="status" className={told.ok ? '' : 'refused'}>
                  {told.text}
                </p>
              </GraphiQL.Logo>
              <SystemTheme />
            </GraphiQLInterface>
          </DocExplorerStore>
        </GraphiQLProvider>
      </main>
    </>
  );
}

/** GraphiQL's editors look at the system's theme only once; a system that turns dark in the evening needs a second look. */
function SystemTheme() {
  const theme = useGraphiQL(state => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    const again = () => setTheme(theme);
    dark.addEventListener('change', again);
    return () => dark.removeEventListener('change', again);
  }, [theme, setTheme]);
  return null;
}

/** Queries survive a reload of this tab and nothing else: they may hold names and plates. Null where it is blocked. */
function tabStorage() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
