/** The header of answers: whole, or only where it differs from one that a message gives once. */
import type { Header } from '../machines/language/commands.js';
import { type ClusterId, memberId } from '../machines/language/vocabulary.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { readId, readInteger, readMap } from './wire-values.js';

export const writeHeader = (header: Header): Fields => ({
  cluster_id: header.cluster_id,
  member_id: header.member_id,
  revision: header.revision,
  raft_term: header.raft_term,
  raft_index: header.raft_index,
});

export function difference(header: Header, shared: Header): Fields {
  const fields: Record<string, Value> = {};
  if (header.cluster_id !== shared.cluster_id) fields['cluster_id'] = header.cluster_id;
  if (header.member_id !== shared.member_id) fields['member_id'] = header.member_id;
  if (header.revision !== shared.revision) fields['revision'] = header.revision;
  if (header.raft_term !== shared.raft_term) fields['raft_term'] = header.raft_term;
  if (header.raft_index !== shared.raft_index) fields['raft_index'] = header.raft_index;
  return fields;
}

/** What the header leaves out is as in `shared`. */
export function readHeader(value: Value | undefined, shared: Header | null): Header {
  if (value === undefined && shared !== null) return shared;
  const header = readMap('header', value);
  const own: Header = {
    cluster_id: readId('header', header, 'cluster_id', 'unsigned') as ClusterId,
    member_id: memberId(readId('header', header, 'member_id', 'unsigned')),
    revision: readInteger('header', header, 'revision'),
    raft_term: readInteger('header', header, 'raft_term'),
    raft_index: readInteger('header', header, 'raft_index'),
  };
  if (shared === null) return own;
  return {
    cluster_id: 'cluster_id' in header ? own.cluster_id : shared.cluster_id,
    member_id: 'member_id' in header ? own.member_id : shared.member_id,
    revision: 'revision' in header ? own.revision : shared.revision,
    raft_term: 'raft_term' in header ? own.raft_term : shared.raft_term,
    raft_index: 'raft_index' in header ? own.raft_index : shared.raft_index,
  };
}
