import { useState, useSyncExternalStore, type SubmitEvent } from 'react';
import { changeToken, currentAccess, onAccessChange } from './access.js';

/** Asks for a token if the server requires one, and shows whose token is in use. */
export function TokenBar() {
  const access = useSyncExternalStore(onAccessChange, currentAccess);
  const [text, setText] = useState('');

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const token = text.trim().replace(/^bearer\s+/i, '');
    setText('');
    if (token !== '') void changeToken(token);
  }

  if (access.state === 'UNKNOWN' || access.state === 'OPEN') return null;
  if (access.state === 'SIGNED_IN') {
    return (
      <section className="token-bar" aria-label="Token">
        <span role="status">
          Signed in as <b>{access.subject}</b> ({access.roles.join(', ') || 'no role'})
        </span>
        <button type="button" onClick={() => void changeToken(null)}>
          Remove token
        </button>
      </section>
    );
  }
  return (
    <section className="token-bar" aria-label="Token" data-required>
      <form onSubmit={submit}>
        <label htmlFor="token">This server requires a token.</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          placeholder="Bearer token"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <button type="submit">Use token</button>
      </form>
      <p role="alert">{access.problem}</p>
    </section>
  );
}
