/**
 * Where a watcher stands: from what its next member is to go on. It moves with whole revisions and progress marks only,
 * never inside one.
 */
import type { WatchCreate, WatchEvent, WatchResponse } from '../machines/language/watching.js';

export interface WatchPlace {
  /** Everything up to here was taken in; null before a member has taken the watcher. */
  readonly upTo: number | null;
  /** The part of the state that it begins with and has not seen yet: after this key, at this revision. */
  readonly initial: { readonly revision: number; readonly after: Uint8Array } | null;
  /** Parts of a response that has not come whole. */
  readonly parts: readonly WatchEvent[];
}

export const firstPlace: WatchPlace = { upTo: null, initial: null, parts: [] };

/** What to ask of a member so that nothing is left out and nothing comes twice. */
export function resume(create: WatchCreate, place: WatchPlace, watch_id: number, seen_index: number): WatchCreate {
  // What the caller has seen before is no event of what comes from now on, and what it compacted is gone.
  if (place.upTo === null) return { ...create, watch_id, after_index: seen_index };
  if (place.initial !== null) {
    const { revision, after } = place.initial;
    return { ...create, watch_id, start_revision: revision, initial_after: after };
  }
  return { ...create, watch_id, initial_state: false, start_revision: place.upTo + 1 };
}

/** A member has taken it, at this revision of its state. A part of a response that did not come whole is gone. */
export function taken(create: WatchCreate, place: WatchPlace, revision: number): WatchPlace {
  if (place.upTo !== null) return { ...place, parts: [] };
  const asked = create.start_revision === 0 ? revision : create.start_revision;
  if (create.initial_state)
    return { upTo: asked, initial: { revision: asked, after: create.initial_after }, parts: [] };
  return { upTo: create.start_revision === 0 ? revision : asked - 1, initial: null, parts: [] };
}

/** Everything up to `revision` was delivered, says its member. */
export const marked = (place: WatchPlace, revision: number): WatchPlace =>
  place.upTo === null || place.initial !== null || revision <= place.upTo ? place : { ...place, upTo: revision };

/** The place after a response, and the events that are whole with it; null: more of them is to come. */
export function heard(
  place: WatchPlace,
  response: WatchResponse,
): { readonly place: WatchPlace; readonly events: readonly WatchEvent[] | null } {
  if (response.initial) {
    const last = response.events.at(-1)?.event.kv.key ?? place.initial?.after ?? new Uint8Array(0);
    const initial = response.more ? { revision: response.revision, after: last } : null;
    return { place: { upTo: response.revision, initial, parts: [] }, events: response.events };
  }
  const events = place.parts.length === 0 ? response.events : [...place.parts, ...response.events];
  if (response.fragment) return { place: { ...place, parts: events }, events: null };
  return { place: marked({ ...place, parts: [] }, response.revision), events };
}
