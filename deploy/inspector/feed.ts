/** What the inspector's server tells its pages (`/feed`), and what it answers to a drill (`/drill`). */
import type { InspectionFrame } from '../../machines/language/inspection.js';

export interface MemberShown {
  readonly name: string;
  /** It has told something lately; false: silent or dead. */
  readonly heard: boolean;
  /** Whether drills can be asked for at it. */
  readonly drill: boolean;
}

export type FeedMessage =
  | { readonly kind: 'members'; readonly cluster: string; readonly members: readonly MemberShown[] }
  | { readonly kind: 'frame'; readonly frame: InspectionFrame }
  /** The page was too slow, and so many frames were not sent to it. */
  | { readonly kind: 'skipped'; readonly frames: number }
  | { readonly kind: 'trouble'; readonly text: string };

export type DrillAnswer = { readonly ok: true; readonly said: string } | { readonly ok: false; readonly error: string };
