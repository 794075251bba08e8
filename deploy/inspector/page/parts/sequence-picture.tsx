/** The picture of a sequence: lifelines with their names on top, and the letters between them. */
import { memo } from 'react';
import type { Message } from '../model/messages.js';
import { shortText, timeText } from '../model/words.js';

interface Props {
  readonly messages: readonly Message[];
  readonly columns: readonly string[];
  readonly chosen: string | undefined;
  readonly choose: (message: Message) => void;
}

const row_px = 24;
const time_px = 84;
const column_px = 98;
const margin_px = 12;

export const SequencePicture = memo(function SequencePicture({ messages, columns, chosen, choose }: Props) {
  const step = columns.length <= 4 ? 190 : column_px;
  const width = time_px + columns.length * step + margin_px;
  const height = messages.length * row_px + margin_px;
  const placeOf = new Map(columns.map((column, i) => [column, time_px + (i + 0.5) * step]));
  return (
    <div className="sequence" style={{ width }}>
      <div className="columns-head" style={{ paddingLeft: time_px }}>
        {columns.map((column) => (
          <span key={column} style={{ width: step }}>
            {headOf(column)}
          </span>
        ))}
      </div>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${messages.length} letters between ${columns.length} columns`}
      >
        <defs>
          <marker
            id="letter-head"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0.5L8 4L0 7.5z" />
          </marker>
        </defs>
        {[...placeOf].map(([column, x]) => (
          <line key={column} className="lifeline" x1={x} x2={x} y1={0} y2={height} />
        ))}
        {messages.map((message, i) => (
          <Row
            key={message.key}
            message={message}
            y={i * row_px + row_px / 2 + 2}
            from={placeOf.get(message.from) ?? 0}
            to={placeOf.get(message.to) ?? 0}
            width={width}
            isChosen={message.key === chosen}
            choose={choose}
          />
        ))}
      </svg>
    </div>
  );
});

/** The member small, the actor large. */
function headOf(column: string) {
  const [member, actor] = column.split('/');
  if (actor === undefined) return <b>{member}</b>;
  return (
    <>
      <small>{member}</small>
      {actor}
    </>
  );
}

interface RowProps {
  readonly message: Message;
  readonly y: number;
  readonly from: number;
  readonly to: number;
  readonly width: number;
  readonly isChosen: boolean;
  readonly choose: (message: Message) => void;
}

function Row({ message, y, from, to, width, isChosen, choose }: RowProps) {
  const { type, at_ms, fields } = message;
  const isSelf = from === to;
  const line = isSelf ? `M${from} ${y - 5}h18v10h-18` : `M${from} ${y}H${to + (to > from ? -1 : 1)}`;
  const text_x = isSelf ? from + 24 : (from + to) / 2;
  return (
    <g
      className={`letter${message.isBetweenMembers ? ' between' : ''}${isChosen ? ' chosen' : ''}`}
      data-letter={type}
      onClick={() => choose(message)}
    >
      <title>{`${type} from ${message.from} to ${message.to}: ${shortText(fields, 300)}`}</title>
      <rect x={0} y={y - row_px / 2} width={width} height={row_px} />
      <text className="when" x={4} y={y + 4}>
        {timeText(at_ms)}
      </text>
      <path d={line} markerEnd="url(#letter-head)" />
      <text className="what" x={text_x} y={isSelf ? y + 4 : y - 3} textAnchor={isSelf ? 'start' : 'middle'}>
        {shortText(type, 24)}
      </text>
    </g>
  );
}
