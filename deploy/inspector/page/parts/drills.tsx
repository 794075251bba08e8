/** Drills: things done to a member on purpose, to see what the protocol makes of it. */
import { useRef, useState } from 'react';
import type { Drill } from '../../../../machines/language/inspection.js';
import type { Desk } from '../desk.js';

const drills: readonly {
  readonly drill: Drill;
  readonly word: string;
  readonly for_ms: number;
  readonly what: string;
}[] = [
  {
    drill: 'pause',
    word: 'Pause 3 s',
    for_ms: 3_000,
    what: 'It stands still, as a process does that hangs, and then goes on',
  },
  {
    drill: 'isolate',
    word: 'Isolate 5 s',
    for_ms: 5_000,
    what: 'It hears nobody and nobody hears it, as with a cut cable',
  },
  {
    drill: 'transfer',
    word: 'Hand over',
    for_ms: 0,
    what: 'A leader hands its office to another member; others do nothing',
  },
  { drill: 'campaign', word: 'Campaign', for_ms: 0, what: 'It stands for leader at once' },
  { drill: 'stop', word: 'Stop …', for_ms: 0, what: 'It leaves in good order, and its process ends' },
];

export function Drills({ desk, name }: { readonly desk: Desk; readonly name: string }) {
  const [said, say] = useState<{ readonly text: string; readonly isOk: boolean } | null>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const run = (drill: Drill, for_ms: number): void => {
    say({ text: `${drill}: asked …`, isOk: true });
    void desk.drill(name, drill, for_ms).then((answer) => {
      say({ text: answer.ok ? `${drill}: ${answer.said}` : `${drill} was refused: ${answer.error}`, isOk: answer.ok });
    });
  };
  return (
    <div className="drills" role="group" aria-label={`Drills for ${name}`}>
      {drills.map(({ drill, word, for_ms, what }) => (
        <button
          key={drill}
          type="button"
          className={drill === 'stop' ? 'small danger' : 'small'}
          title={what}
          data-drill={drill}
          onClick={() => (drill === 'stop' ? dialog.current?.showModal() : run(drill, for_ms))}
        >
          {word}
        </button>
      ))}
      {said !== null && (
        <p className={said.isOk ? 'drill-said' : 'drill-said refused'} role="status">
          {said.text}
        </p>
      )}
      <dialog ref={dialog} aria-label={`Stop ${name}?`}>
        <h3>Stop {name}?</h3>
        <p>
          Its process ends. It comes back only when somebody starts it again; with too few members the cluster stands
          still.
        </p>
        <form method="dialog">
          <button type="submit" autoFocus>
            Let it run
          </button>
          <button type="submit" className="danger" onClick={() => run('stop', 0)}>
            Stop {name}
          </button>
        </form>
      </dialog>
    </div>
  );
}
