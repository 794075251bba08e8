/** What the raft log remembers, record by record, and the bytes of a batch of them. */
import { encodeEntry, decodeEntry, pack, unpack } from '../machines/language/codec.js';
import { unreachable } from '../machines/language/invariant.js';
import { configurationFromRow, configurationToRow, indexOf, termOf } from '../machines/language/peer-rows.js';
import { DecodeError, flag, id64, row, type Row, text, UnknownVersionError } from '../machines/language/rows.js';
import type { ClusterId, Entry, HardState, MemberId, SnapshotMark } from '../machines/language/vocabulary.js';
import { FRAME_HEAD } from './log-frames.js';

export type LogRecord =
  | { readonly type: 'hardState'; readonly hardState: HardState }
  /** Replaces what the log holds from its index on. */
  | { readonly type: 'entry'; readonly entry: Entry }
  /** The cluster that entry 1, in the same batch, gave birth to. */
  | { readonly type: 'birth'; readonly cluster: ClusterId }
  /** `kept`: the entries after the mark belong to it and stay. Decided when it was written, not when it is read. */
  | {
      readonly type: 'install';
      readonly mark: SnapshotMark;
      readonly stateDirectory: string;
      readonly cluster: ClusterId;
      readonly kept: boolean;
    }
  | { readonly type: 'trim'; readonly mark: SnapshotMark };

/** Numbers on disk: only ever added to. */
const kinds = { hardState: 1, entry: 2, birth: 3, install: 4, trim: 5 } as const satisfies Record<
  LogRecord['type'],
  number
>;
/** kind (1), length (4) */
const RECORD_HEAD = 5;

/** The records one after the other, behind room for the frame's head. */
export function encodeRecords(records: readonly LogRecord[]): Buffer {
  const bodies = records.map(bodyOf);
  const bytes = Buffer.allocUnsafe(bodies.reduce((sum, body) => sum + RECORD_HEAD + body.length, FRAME_HEAD));
  let at = FRAME_HEAD;
  bodies.forEach((body, i) => {
    at = bytes.writeUInt8(kinds[(records[i] as LogRecord).type], at);
    at = bytes.writeUInt32BE(body.length, at);
    bytes.set(body, at);
    at += body.length;
  });
  return bytes;
}

/** Entries are views of `payload`. */
export function decodeRecords(payload: Buffer): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < payload.length;) {
    if (at + RECORD_HEAD > payload.length) throw new DecodeError('log record: its head is cut short');
    const kind = payload.readUInt8(at);
    const end = at + RECORD_HEAD + payload.readUInt32BE(at + 1);
    if (end > payload.length) throw new DecodeError('log record: it is cut short');
    records.push(recordFrom(kind, payload.subarray(at + RECORD_HEAD, end)));
    at = end;
  }
  return records;
}

function bodyOf(record: LogRecord): Uint8Array {
  switch (record.type) {
    case 'entry':
      return encodeEntry(record.entry);
    case 'hardState':
      return pack(hardStateToRow(record.hardState));
    case 'birth':
      return pack([record.cluster]);
    case 'install':
      return pack([markToRow(record.mark), record.stateDirectory, record.cluster, record.kept]);
    case 'trim':
      return pack(markToRow(record.mark));
    default:
      return unreachable(record);
  }
}

function recordFrom(kind: number, body: Uint8Array): LogRecord {
  switch (kind) {
    case kinds.entry:
      return { type: 'entry', entry: decodeEntry(body) };
    case kinds.hardState:
      return { type: 'hardState', hardState: hardStateFromRow(unpack(body)) };
    case kinds.birth:
      return { type: 'birth', cluster: id64(row(unpack(body), 1, 'birth')[0], 'birth.cluster') as ClusterId };
    case kinds.install: {
      const [mark, stateDirectory, cluster, kept] = row(unpack(body), 4, 'install');
      return {
        type: 'install',
        mark: markFromRow(mark),
        stateDirectory: text(stateDirectory, 'install.stateDirectory'),
        cluster: id64(cluster, 'install.cluster') as ClusterId,
        kept: flag(kept, 'install.kept'),
      };
    }
    case kinds.trim:
      return { type: 'trim', mark: markFromRow(unpack(body)) };
    default:
      throw new UnknownVersionError('log record kind', kind, kinds.trim);
  }
}

export const hardStateToRow = (hardState: HardState): Row => [hardState.term, hardState.vote, hardState.commit];

export function hardStateFromRow(value: unknown): HardState {
  const [term, vote, commit] = row(value, 3, 'hard state');
  return {
    term: termOf(term, 'hard state.term'),
    vote: vote === null ? null : (id64(vote, 'hard state.vote') as MemberId),
    commit: indexOf(commit, 'hard state.commit'),
  };
}

export const markToRow = (mark: SnapshotMark): Row => [mark.index, mark.term, configurationToRow(mark.configuration)];

export function markFromRow(value: unknown): SnapshotMark {
  const [index, term, configuration] = row(value, 3, 'mark');
  return {
    index: indexOf(index, 'mark.index'),
    term: termOf(term, 'mark.term'),
    configuration: configurationFromRow(configuration),
  };
}
