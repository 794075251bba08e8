/** Who writes what to an actor, how often, and how many letters waited. */
import { type Actor, type Member, nameOf, rateAt } from '../model/member.js';
import { countText, rateText } from '../model/words.js';

const shown_max = 40;

export function Mailbox({
  member,
  actor,
  at_ms,
}: {
  readonly member: Member;
  readonly actor: Actor;
  readonly at_ms: number;
}) {
  const boxes = [...actor.boxes.values()].sort((a, b) => b.count - a.count).slice(0, shown_max);
  if (boxes.length === 0) return <p className="quiet">Nobody has written to it since this page listens.</p>;
  return (
    <table className="mail">
      <thead>
        <tr>
          <th scope="col">from</th>
          <th scope="col">letter</th>
          <th scope="col">now</th>
          <th scope="col">in all</th>
          <th scope="col" title="The most letters that waited in the box when one of these came">
            waited
          </th>
        </tr>
      </thead>
      <tbody>
        {boxes.map((box) => (
          <tr key={`${box.sourceId} ${box.letter}`}>
            <td>{nameOf(member, box.sourceId)}</td>
            <td className="code">{box.letter}</td>
            <td>{rateText(rateAt(box, at_ms))}</td>
            <td>{countText(box.count)}</td>
            <td>{countText(box.waiting_max)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
