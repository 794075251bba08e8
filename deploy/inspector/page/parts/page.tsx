/** The whole page: what is going on above, what one member is made of below, and the timeline always in sight. */
import { useSyncExternalStore } from 'react';
import type { Desk, View } from '../desk.js';
import { ActorsPanel } from './actors.js';
import { Header } from './header.js';
import { HappeningsPanel } from './happenings.js';
import { MemberCard } from './member-card.js';
import { SequencePanel } from './sequence.js';
import { Timeline } from './timeline.js';

export function Page({ desk }: { readonly desk: Desk }) {
  const view = useSyncExternalStore(desk.subscribe, desk.view);
  const names = namesOf(view);
  return (
    <>
      <Header desk={desk} view={view} />
      <main>
        {names.length === 0 ? (
          <Nobody view={view} />
        ) : (
          <>
            <section aria-label="Cluster">
              <h2>Cluster</h2>
              <p className="hint">
                One card a member, with the chart of its Raft protocol as it runs: the lit state is where it is now, a
                lit arrow was just taken. Point at an arrow to read what takes it.
              </p>
              <div className="cards">
                {names.map((name) => (
                  <MemberCard key={name} desk={desk} view={view} name={name} />
                ))}
              </div>
            </section>
            <ActorsPanel desk={desk} view={view} names={names} />
            <div className="columns">
              <SequencePanel desk={desk} view={view} names={names} />
              <HappeningsPanel desk={desk} view={view} />
            </div>
          </>
        )}
      </main>
      {names.length > 0 && <Timeline desk={desk} view={view} names={names} />}
    </>
  );
}

/** All that are known, also those who have not been heard. */
function namesOf(view: View): readonly string[] {
  return [...new Set([...view.heard.map(({ name }) => name), ...view.members.keys()])].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
}

function Nobody({ view }: { readonly view: View }) {
  const what = {
    connecting: 'Looking for the inspector …',
    open: 'No member of the cluster is heard yet.',
    broken: 'The inspector does not answer; trying again.',
  }[view.connection];
  return (
    <section className="nobody" aria-label="Nothing to show yet">
      <h2>{what}</h2>
      <p>
        This page shows a running Quorate cluster. Start one with <code>npm start</code> (or <code>quorate up</code>),
        and keep <code>quorate inspect</code> running: members appear here by themselves.
      </p>
      <p>To look at something that was recorded, press “Open a recording” above.</p>
    </section>
  );
}
