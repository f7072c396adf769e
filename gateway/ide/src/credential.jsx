import { useState } from 'react';

/** The token as it goes into the header, or null when the pasted text cannot be one. Takes a whole header line too. */
export function readToken(pasted) {
  const token = pasted.replace(/^\s*(authorization\s*:)?\s*(bearer\s)?/i, '').replace(/\s+/g, '');
  return /^[\x21-\x7e]+$/.test(token) ? token : null;
}

/** The bar above the editor: token in, token out, purpose. */
export function CredentialBar({ token, purpose, onToken, onPurpose }) {
  return (
    <header className="graphiql-container bar">
      <h1>Partner gateway</h1>
      {token ? <Held token={token} onForget={() => onToken('')} /> : <Asked onToken={onToken} />}
      <label className="field">
        <span>
          Purpose <small>(optional)</small>
        </span>
        <input
          id="purpose"
          type="text"
          size="14"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck="false"
          value={purpose}
          title="Sent as X-Purpose: one of the purposes that your token carries"
          onChange={event => onPurpose(event.target.value.replace(/[^\x21-\x7e]/g, ''))}
        />
      </label>
    </header>
  );
}

function Asked({ onToken }) {
  const [wrong, setWrong] = useState(false);
  function submit(event) {
    event.preventDefault();
    const token = readToken(event.target.elements.token.value);
    if (token) onToken(token);
    else setWrong(true);
  }
  return (
    <form onSubmit={submit}>
      <label className="field">
        <span>Token</span>
        {/* Not a password field: browsers offer to store those. Hidden by style, and gone from the page once taken. */}
        <input
          id="token"
          className="hidden-text"
          type="text"
          size="28"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck="false"
          data-1p-ignore=""
          data-lpignore="true"
          autoFocus
          aria-invalid={wrong}
          aria-describedby="token-note"
          onChange={() => setWrong(false)}
        />
      </label>
      <button type="submit">Use token</button>
      <span id="token-note" className={wrong ? 'note refused' : 'note'}>
        {wrong ? 'This is not a token: letters, digits and punctuation only.' : 'Kept in memory only.'}
      </span>
    </form>
  );
}

function Held({ token, onForget }) {
  return (
    <div className="held">
      <span>
        Token {token.length >= 24 && <code>…{token.slice(-4)}</code>} in use, until this page is closed or reloaded
      </span>
      <button type="button" onClick={onForget}>
        Forget token
      </button>
    </div>
  );
}
