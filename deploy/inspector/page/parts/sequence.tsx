/** Who writes to whom, as a sequence: one column a member or an actor, one arrow a letter, time goes down. */
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Desk, View } from '../desk.js';
import { nameOf } from '../model/member.js';
import {
  columnsOf,
  type Followed,
  lastPut,
  type Message,
  type MessageFilter,
  type Selection,
  selectMessages,
} from '../model/messages.js';
import { ContextTree } from './context-tree.js';
import { SequencePicture } from './sequence-picture.js';

interface Props {
  readonly desk: Desk;
  readonly view: View;
  readonly names: readonly string[];
}
const shown_max = 150;
const followed_max = 400;

export function SequencePanel({ desk, view, names }: Props) {
  const [filter, setFilter] = useState<MessageFilter>(usual_filter);
  const [paused_ms, pauseAt] = useState<number | null>(null);
  const [followed, follow] = useState<Followed | null>(null);
  const [chosen, choose] = useState<Message | null>(null);
  const { messages, isCut } = useMessages(desk, view, filter, paused_ms, followed);
  return (
    <section className={filter.scope.kind === 'all' ? 'panel wide' : 'panel'} aria-label="Sequence of letters">
      <h2>Letters, one after the other</h2>
      <p className="hint">
        Each arrow is a letter from one column to another; the newest is at the bottom. Press one to read it.
      </p>
      <Controls filter={filter} setFilter={setFilter} names={names} />
      <div className="controls">
        {followed === null && (
          <button
            type="button"
            aria-pressed={paused_ms !== null}
            onClick={() => pauseAt(paused_ms === null ? view.at_ms : null)}
          >
            {paused_ms === null ? 'Pause' : 'Go on'}
          </button>
        )}
        <Following
          desk={desk}
          view={view}
          followed={followed}
          follow={(put) => {
            follow(put);
            setFilter(put === null ? usual_filter : { ...usual_filter, scope: { kind: 'all', onlyWrites: true } });
          }}
        />
      </div>
      <Scroll stick={messages.at(-1)?.key ?? ''} isStill={followed !== null}>
        {isCut && followed === null && <p className="quiet">Older letters are not drawn.</p>}
        {messages.length === 0 ? (
          <p className="quiet">
            No such letter was told in these seconds. Choose other columns, or show ticks and heartbeats too.
          </p>
        ) : (
          <SequencePicture
            messages={messages}
            columns={columnsOf(messages, followed?.member)}
            chosen={chosen?.key}
            choose={choose}
          />
        )}
      </Scroll>
      {chosen !== null && (
        <div className="chosen">
          <p>
            <b>{chosen.type}</b> from {chosen.from} to {chosen.to}{' '}
            <button type="button" className="small" onClick={() => choose(null)}>
              Close
            </button>
          </p>
          <ContextTree value={chosen.fields} />
        </div>
      )}
    </section>
  );
}

const usual_filter: MessageFilter = { scope: { kind: 'between' }, words: '', withTicks: false };

const namesIn =
  (view: View) =>
  (member: string, sessionId: string): string => {
    const known = view.members.get(member);
    return known === undefined ? sessionId : nameOf(known, sessionId);
  };

function useMessages(
  desk: Desk,
  view: View,
  filter: MessageFilter,
  paused_ms: number | null,
  followed: Followed | null,
): Selection {
  const until_ms = followed?.until_ms ?? paused_ms ?? view.at_ms;
  const isStill = followed !== null || paused_ms !== null || !view.isLive;
  return useMemo(
    () =>
      selectMessages(desk.recording.newestFirst(until_ms), namesIn(view), filter, {
        from_ms: followed?.from_ms ?? -Infinity,
        until_ms,
        most: followed === null ? shown_max : followed_max,
      }),
    // The view's version stands for all that was recorded.
    [isStill ? until_ms : view.version, filter, followed],
  );
}

interface FollowingProps {
  readonly desk: Desk;
  readonly view: View;
  readonly followed: Followed | null;
  readonly follow: (put: Followed | null) => void;
}

function Following({ desk, view, followed, follow }: FollowingProps) {
  const [said, say] = useState('');
  if (followed !== null) {
    return (
      <>
        <span>
          One put, from its proposal until it was decided: {Math.round(followed.until_ms - followed.from_ms)} ms.
        </span>
        <button type="button" className="strong" onClick={() => follow(null)}>
          Show all letters again
        </button>
      </>
    );
  }
  const begin = (): void => {
    const put = lastPut(desk.recording.newestFirst(view.at_ms), namesIn(view));
    say(put === undefined ? 'No put was told whole lately. Make one, for instance: quoratectl put greeting hello' : '');
    if (put !== undefined) follow(put);
  };
  return (
    <>
      <button type="button" onClick={begin} data-follow="put">
        Follow the last put
      </button>
      {said !== '' && <span role="status">{said}</span>}
    </>
  );
}

interface ControlsProps {
  readonly filter: MessageFilter;
  readonly setFilter: (filter: MessageFilter) => void;
  readonly names: readonly string[];
}

function Controls({ filter, setFilter, names }: ControlsProps) {
  const { scope } = filter;
  return (
    <div className="controls">
      <label>
        Columns{' '}
        <select
          value={scope.kind === 'inside' ? `inside ${scope.member}` : scope.kind}
          onChange={({ target: { value } }) =>
            setFilter({
              ...filter,
              scope: value.startsWith('inside ')
                ? { kind: 'inside', member: value.slice(7) }
                : { kind: value === 'all' ? 'all' : 'between' },
            })
          }
        >
          <option value="between">the members</option>
          {names.map((name) => (
            <option key={name} value={`inside ${name}`}>
              the actors of {name}
            </option>
          ))}
          <option value="all">all members and actors</option>
        </select>
      </label>
      <label>
        Only{' '}
        <input
          type="search"
          placeholder="a part of a name"
          value={filter.words}
          onChange={({ target }) => setFilter({ ...filter, words: target.value })}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={filter.withTicks}
          onChange={({ target }) => setFilter({ ...filter, withTicks: target.checked })}
        />{' '}
        ticks and heartbeats
      </label>
    </div>
  );
}

interface ScrollProps {
  /** Something that changes when there is more at the bottom. */
  readonly stick: string;
  readonly isStill: boolean;
  readonly children: React.ReactNode;
}

/** Stays at the bottom as long as the person has not scrolled up. */
function Scroll({ stick, isStill, children }: ScrollProps) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    if (isStill) element.scrollTop = 0;
    else if (isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [stick, isStill]);
  return (
    <div
      ref={box}
      className="scroll"
      tabIndex={0}
      role="group"
      aria-label="Letters, the newest at the bottom"
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
      }}
    >
      {children}
    </div>
  );
}
