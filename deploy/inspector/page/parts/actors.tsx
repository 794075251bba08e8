/** What a member is made of: its actors as a tree, and of the chosen one its chart, its context and its mail. */
import type { Desk, View } from '../desk.js';
import { type Actor, actorTree, type Branch, type Member, raftOf, rateAt } from '../model/member.js';
import { valueText } from '../model/chart.js';
import { manyText, rateText } from '../model/words.js';
import { ChartView } from './chart-view.js';
import { ContextTree } from './context-tree.js';
import { Mailbox } from './mailbox.js';

interface Props {
  readonly desk: Desk;
  readonly view: View;
  readonly names: readonly string[];
}

export function ActorsPanel({ desk, view, names }: Props) {
  const name = view.selected !== null && names.includes(view.selected.member) ? view.selected.member : names[0];
  const member = name === undefined ? undefined : view.members.get(name);
  const chosen =
    member === undefined ? undefined : (member.actors.get(view.selected?.sessionId ?? '') ?? raftOf(member));
  return (
    <section className="panel" aria-label="Actors">
      <h2>Inside a member</h2>
      <p className="hint">
        A member is made of actors that write letters to each other. Choose one to see its chart, what it remembers, and
        who writes to it.
      </p>
      <div className="tabs" role="group" aria-label="Which member">
        {names.map((each) => (
          <button key={each} type="button" aria-pressed={each === name} onClick={() => desk.select(each, '')}>
            {each}
          </button>
        ))}
      </div>
      {member === undefined || member.actors.size === 0 ? (
        <p className="quiet">This member has told of no actors yet.</p>
      ) : (
        <div className="inside">
          <nav aria-label={`Actors of ${member.name}`}>
            <ul className="tree">
              {actorTree(member).map((branch) => (
                <Twig
                  key={branch.actor.sessionId}
                  branch={branch}
                  at_ms={view.at_ms}
                  chosen={chosen}
                  choose={(actor) => desk.select(member.name, actor.sessionId)}
                />
              ))}
            </ul>
          </nav>
          {chosen !== undefined && (
            <Details key={`${member.name} ${chosen.sessionId}`} member={member} actor={chosen} at_ms={view.at_ms} />
          )}
        </div>
      )}
    </section>
  );
}

interface TwigProps {
  readonly branch: Branch;
  readonly at_ms: number;
  readonly chosen: Actor | undefined;
  readonly choose: (actor: Actor) => void;
}

function Twig({ branch: { actor, children }, at_ms, chosen, choose }: TwigProps) {
  const letters = [...actor.boxes.values()].reduce((sum, box) => sum + rateAt(box, at_ms), 0);
  return (
    <li>
      <button
        type="button"
        aria-pressed={actor.sessionId === chosen?.sessionId}
        className={actor.status === 'active' ? 'twig' : 'twig over'}
        data-actor={actor.name}
        onClick={() => choose(actor)}
      >
        <span className="twig-name">{actor.name}</span>
        <span className="twig-state">{actor.status === 'active' ? valueText(actor.value) : actor.status}</span>
        <span className="twig-rate">{letters > 0.05 ? rateText(letters) : ''}</span>
      </button>
      {children.length > 0 && (
        <ul>
          {children.map((child) => (
            <Twig key={child.actor.sessionId} branch={child} at_ms={at_ms} chosen={chosen} choose={choose} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Details({ member, actor, at_ms }: { readonly member: Member; readonly actor: Actor; readonly at_ms: number }) {
  const busiest = Math.max(0, ...[...actor.boxes.values()].map(({ waiting_max }) => waiting_max));
  return (
    <div className="details">
      <div className="details-chart">
        <h3>
          {member.name} / {actor.name}
          {actor.status !== 'active' && <span className="badge">{actor.status}</span>}
        </h3>
        <ChartView actor={actor} at_ms={at_ms} isLarge />
      </div>
      <div className="details-side">
        <h3>What it remembers</h3>
        <p className="hint">Its context, as of the last letter that was told.</p>
        <div className="context">
          <ContextTree value={actor.context} />
        </div>
        <h3>Its mail</h3>
        <p className="hint">
          All letters are counted, also those not shown one by one.{' '}
          {busiest > 1 ? `At most ${manyText(busiest, 'letter')} waited.` : 'No letter had to wait.'}
        </p>
        <Mailbox member={member} actor={actor} at_ms={at_ms} />
      </div>
    </div>
  );
}
