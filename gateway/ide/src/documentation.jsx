import { DOC_EXPLORER_PLUGIN, DocExplorer } from '@graphiql/plugin-doc-explorer';
import { DocsIcon, useGraphiQL } from '@graphiql/react';

/** The graph's documentation. Introspection needs a token, so without one the pane says so and asks nothing. */
export const DOCUMENTATION = {
  title: DOC_EXPLORER_PLUGIN.title,
  icon: DocsIcon,
  content: Documentation,
};

function Documentation() {
  const closed = useGraphiQL(state => !state.shouldIntrospect);
  if (!closed) return <DocExplorer />;
  return (
    <section aria-label="Documentation Explorer" className="hint">
      <h2>Docs</h2>
      <p>Paste a token at the top of this page. Then every type, field and argument of the graph is described here.</p>
    </section>
  );
}
