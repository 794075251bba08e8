/** A value as a tree that opens and closes: an actor's context, or the fields of a letter. */
import { useState } from 'react';
import { shortText } from '../model/words.js';

interface Props {
  readonly value: unknown;
  readonly depth?: number;
}
/** More of a list is rarely read, and slow to draw. */
const entries_max = 100;

export function ContextTree({ value, depth = 0 }: Props) {
  if (typeof value !== 'object' || value === null) return <Leaf value={value} />;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  if (entries.length === 0) return <span className="quiet">{Array.isArray(value) ? 'empty list' : 'nothing'}</span>;
  return (
    <ul className="values">
      {entries.slice(0, entries_max).map(([key, inner]) => (
        <Entry key={key} name={key} value={inner} depth={depth} />
      ))}
      {entries.length > entries_max && <li className="quiet">and {entries.length - entries_max} more</li>}
    </ul>
  );
}

function Entry({ name, value, depth }: { readonly name: string; readonly value: unknown; readonly depth: number }) {
  const [isOpen, setOpen] = useState(false);
  const isLeaf = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  if (isLeaf) {
    return (
      <li>
        <span className="key">{name}</span> <ContextTree value={value} />
      </li>
    );
  }
  return (
    <li>
      <button type="button" className="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span className="key">{name}</span> {!isOpen && <span className="quiet">{shortText(value, 46)}</span>}
      </button>
      {isOpen && <ContextTree value={value} depth={depth + 1} />}
    </li>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  if (value === undefined) return <span className="quiet">not told</span>;
  return (
    <span className={`leaf ${value === null ? 'null' : typeof value}`}>
      {value === null ? 'none' : shortText(value, 200)}
    </span>
  );
}
