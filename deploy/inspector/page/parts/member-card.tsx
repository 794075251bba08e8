/** A member at a glance: its role, its chart, where it has been, how far it is, and what can be done to it. */
import type { StandingTold } from '../../../../machines/language/inspection.js';
import type { Desk, View } from '../desk.js';
import { type Member, raftOf, roleOf } from '../model/member.js';
import { bytesText, countText, timeText } from '../model/words.js';
import { ChartView } from './chart-view.js';
import { Drills } from './drills.js';

interface Props {
  readonly desk: Desk;
  readonly view: View;
  readonly name: string;
}

export function MemberCard({ desk, view, name }: Props) {
  const member = view.members.get(name);
  const heard = view.heard.find((each) => each.name === name);
  // In the past it is known by what it told then.
  const isSilent = view.isLive ? heard?.heard === false : member === undefined || view.at_ms - member.at_ms > 3_000;
  const raft = member === undefined ? undefined : raftOf(member);
  const role = member === undefined ? '' : roleOf(member);
  return (
    <article
      className={`card${isSilent ? ' silent' : ''}`}
      data-member={name}
      data-role={isSilent ? 'silent' : role}
      aria-label={`Member ${name}`}
    >
      <h3>
        <span className="name">{name}</span>
        <span className="badge" data-role={isSilent ? 'silent' : role}>
          {isSilent ? 'silent' : role === '' ? 'not heard yet' : role}
        </span>
        <span className="space" />
        {member?.standing && <span className="term">term {member.standing.term}</span>}
      </h3>
      {isSilent && member !== undefined && (
        <p className="silence">Silent: dead, paused or cut off. Below is what it told last.</p>
      )}
      {member !== undefined && raft !== undefined ? (
        <>
          <ChartView actor={raft} at_ms={view.at_ms} />
          <Trail member={member} />
        </>
      ) : (
        <p className="quiet">
          {member === undefined ? 'It has told nothing yet.' : 'It has not begun its Raft protocol yet.'}
        </p>
      )}
      {member?.standing && <Standing standing={member.standing} />}
      {member !== undefined && member.ended !== '' && <p className="silence">It tells nothing more: {member.ended}</p>}
      {heard?.drill === true && view.isLive && view.file === null && <Drills desk={desk} name={name} />}
    </article>
  );
}

/** The path it has taken through the chart. */
function Trail({ member }: { readonly member: Member }) {
  return (
    <p className="trail" data-trail={member.trail.map(({ state }) => state).join(' ')}>
      <span className="quiet">Has been </span>
      {member.trail.slice(-6).map(({ state, at_ms }, i) => (
        <span key={at_ms + state}>
          {i > 0 && <span aria-label="then"> → </span>}
          <span className="step" data-role={state} title={`since ${timeText(at_ms)}`}>
            {state}
          </span>
        </span>
      ))}
    </p>
  );
}

function Standing({ standing }: { readonly standing: StandingTold }) {
  const facts: readonly (readonly [string, string, string])[] = [
    ['leader', standing.leader ?? 'nobody heard', 'Whom it takes for the leader'],
    ['vote', standing.vote ?? 'none', 'Whom it voted for in this term'],
    ['commit', countText(standing.commit), 'The last entry of its log that it knows to be safe on a majority'],
    ['applied', countText(standing.applied), 'The last entry that its data shows'],
    ['log ends at', countText(standing.last), 'The last entry in its log, safe or not'],
    ['revision', countText(standing.revision), 'How often the data has been written'],
    ['data', bytesText(standing.db_size), 'Size of the database'],
    ['requests', countText(standing.requests), 'Requests that came to it since it is inspected'],
  ];
  return (
    <>
      <dl className="facts">
        {facts.map(([what, value, why]) => (
          <div key={what} title={why}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Progress standing={standing} />
    </>
  );
}

/** How far the leader knows each of the others to be. */
function Progress({ standing }: { readonly standing: StandingTold }) {
  if (standing.peers.length === 0) return null;
  return (
    <table className="progress">
      <caption>How far the others are, as this leader knows</caption>
      <tbody>
        {standing.peers.map(({ name, state, match, voter }) => {
          const behind = Math.max(0, standing.last - match);
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <meter
                  min={0}
                  max={Math.max(1, standing.last)}
                  value={match}
                  aria-label={`${name} has ${match} of ${standing.last} entries`}
                />
              </td>
              <td>{behind === 0 ? 'has all' : `${countText(behind)} behind`}</td>
              <td className="quiet">
                {state}
                {voter ? '' : ', no vote'}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
