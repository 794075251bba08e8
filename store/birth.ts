/** How a cluster is born: its first entry, and the id that follows from it. */
import { createHash } from 'node:crypto';
import { encodeEntry } from '../machines/language/codec.js';
import { type ClusterId, type Entry, index, term } from '../machines/language/vocabulary.js';
import type { Birth } from './ports.js';

/** The first entry of every cluster: all its members, in one order, so that each member writes the same bytes. */
export function firstEntryOf(birth: Birth): Entry {
  const voters = [...birth.members].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { index: index(1), term: term(1), kind: 'configuration', configuration: { voters, learners: [] } };
}

/** The first 64 bits of the first entry's SHA-256. */
export function clusterIdOf(birth: Birth): ClusterId {
  const digest = createHash('sha256')
    .update(encodeEntry(firstEntryOf(birth)))
    .digest();
  return digest.readBigUInt64BE() as ClusterId;
}
