/** What happened, as a list in plain words; a line leads to its moment. */
import type { Desk, View } from '../desk.js';
import { timeText } from '../model/words.js';

const shown_max = 200;

export function HappeningsPanel({ desk, view }: { readonly desk: Desk; readonly view: View }) {
  const until = view.isLive ? Infinity : view.at_ms;
  const happenings = desk.story.happenings
    .filter(({ at_ms }) => at_ms <= until)
    .slice(-shown_max)
    .reverse();
  return (
    <section className="panel" aria-label="What happened">
      <h2>What happened</h2>
      <p className="hint">Elections, leaders and silences, the newest first. Press a line to look at that moment.</p>
      {happenings.length === 0 ? (
        <p className="quiet">
          Nothing yet but normal work. Kill a member, or press a drill button, and it will be told here.
        </p>
      ) : (
        <ol className="happenings">
          {happenings.map(({ at_ms, member, text }, i) => (
            <li key={`${at_ms} ${member} ${text} ${i}`}>
              <button type="button" onClick={() => desk.goTo(at_ms)}>
                <time>{timeText(at_ms)}</time> <b>{member}</b> {text}
              </button>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
