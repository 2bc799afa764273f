import { useSyncExternalStore } from 'react';
import {
  clearWatch,
  MAX_LINES,
  onWatchChange,
  stopWatch,
  watchState,
  type WatchLine,
  type WatchPhase,
} from './watch.js';

const PHASES: Readonly<Record<WatchPhase, string>> = {
  OFF: 'Run the Watch tab to list status changes here',
  CONNECTING: 'Connecting',
  CONNECTED: 'Connected',
  RECONNECTING: 'Reconnecting',
  STOPPED: 'Stopped',
  ENDED: 'Ended',
};

/** Lists the events of the running subscription, independent of the open tab. */
export function WatchPanel() {
  const { phase, lines } = useSyncExternalStore(onWatchChange, watchState);
  const isRunning = phase === 'CONNECTING' || phase === 'CONNECTED' || phase === 'RECONNECTING';
  return (
    <section className="watch" aria-label="Watch">
      <div className="watch-bar">
        <h2>Watch</h2>
        <span role="status" className="watch-phase" data-phase={phase}>
          {PHASES[phase]}
        </span>
        <button type="button" onClick={clearWatch} disabled={lines.length === 0} aria-label="Clear the watched events">
          Clear
        </button>
        <button type="button" onClick={stopWatch} disabled={!isRunning} aria-label="Stop watching">
          Stop
        </button>
      </div>
      {lines.length > 0 && (
        // A scrollable list must be focusable, so that the arrow keys scroll it.
        <div
          role="log"
          className="watch-log"
          aria-label={`Watched events, newest first, at most ${MAX_LINES}`}
          tabIndex={0}
        >
          <ol>
            {lines.map((line) => (
              <Line key={line.key} line={line} />
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}

function Line({ line: { time, event, notice } }: { readonly line: WatchLine }) {
  const clock = <time dateTime={time.toISOString()}>{time.toLocaleTimeString('en-GB')}</time>;
  if (event === null) {
    return (
      <li className="watch-notice">
        {clock} {notice}
      </li>
    );
  }
  const { order, from, to, version, text } = event;
  return (
    <li title={text}>
      {clock} <b>{order}</b> <span className="watch-what">{to === null ? text : `${from ?? 'created'} → ${to}`}</span>{' '}
      <span className="watch-version">{version === null ? '' : `v${version}`}</span>
    </li>
  );
}
