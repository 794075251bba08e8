/**
 * What a member tells whoever inspects it. The events of XState have the shape that `@statelyai/inspect` gives them;
 * what that lacks stands beside them under types that begin with `quorate.`. All of it is plain JSON.
 */

interface Told {
  /** Of the actor it is about. Session ids count per process: they mean something together with the member's life. */
  readonly sessionId: string;
  readonly rootId?: string | undefined;
  /** Wall clock of the member, milliseconds, as text. */
  readonly createdAt: string;
  readonly id?: string | null;
  readonly _version: string;
}

/** An actor as it was when it was first told of: all of them at the beginning, then each that is made. */
export interface ActorTold extends Told {
  readonly type: '@xstate.actor';
  readonly name: string;
  /** The configuration of its machine as JSON text; of an actor that is no machine only its id. */
  readonly definition?: string | undefined;
  readonly parentId?: string | undefined;
  readonly snapshot: SnapshotOf;
}
/** A letter that went to an actor. The clock's ticks are counted in the mailboxes alone. */
export interface EventTold extends Told {
  readonly type: '@xstate.event';
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  readonly sourceId?: string | undefined;
}
/** What an actor is after a letter. */
export interface SnapshotTold extends Told {
  readonly type: '@xstate.snapshot';
  readonly event: { readonly type: string; readonly [field: string]: unknown };
  readonly snapshot: SnapshotOf;
}
export interface SnapshotOf {
  readonly status?: string;
  /** A state's name, or names in names: what of the chart is active. Machines alone have one. */
  readonly value?: StateValue;
  readonly context?: unknown;
}
export type StateValue = string | { readonly [state: string]: StateValue | undefined };

/** One step of a chart, between a letter and the snapshot after it: which arrows were taken. */
export interface MicrostepTold extends Told {
  readonly type: 'quorate.microstep';
  readonly event: { readonly type: string };
  readonly value: StateValue;
  readonly transitions: readonly {
    /** Ids as XState gives them, such as `raft.follower.leaderless`. */
    readonly source: string;
    readonly targets: readonly string[];
    readonly guard: string;
    readonly actions: readonly string[];
  }[];
}

/** Every letter of the time since the last one, counted, those too that were not told one by one. */
export interface MailboxesTold {
  readonly type: 'quorate.mailboxes';
  readonly createdAt: string;
  readonly boxes: readonly {
    readonly sessionId: string;
    /** Null: from outside the actors. */
    readonly sourceId: string | null;
    readonly letter: string;
    readonly count: number;
    /** The most letters that waited in the box when one of these came. */
    readonly waiting_max: number;
  }[];
}

/** How the member stands. */
export interface StandingTold {
  readonly type: 'quorate.standing';
  readonly createdAt: string;
  readonly role: string;
  readonly term: number;
  /** Name; null: nobody is heard. */
  readonly leader: string | null;
  readonly vote: string | null;
  readonly commit: number;
  readonly applied: number;
  /** Of the last entry in the log. */
  readonly last: number;
  readonly revision: number;
  readonly db_size: number;
  /** Requests that came since the inspection began. */
  readonly requests: number;
  /** What the leader knows of the others; empty elsewhere. */
  readonly peers: readonly {
    readonly name: string;
    readonly state: string;
    readonly match: number;
    readonly next: number;
    /** Learners are not counted in a quorum. */
    readonly voter: boolean;
  }[];
}

/** A letter between members, as this one sent or heard it. */
export interface PeerLetterTold {
  readonly type: 'quorate.letter';
  readonly createdAt: string;
  readonly way: 'sent' | 'heard';
  /** Name of the other member. */
  readonly peer: string;
  readonly message: { readonly type: string; readonly [field: string]: unknown };
}

export type Inspected =
  ActorTold | EventTold | SnapshotTold | MicrostepTold | MailboxesTold | StandingTold | PeerLetterTold;

/** What one message to the asker carries. */
export interface InspectionFrame {
  /** Counted from 1; a missing one was lost. */
  readonly number: number;
  readonly member: string;
  /** Another one: the member was started anew, and nothing told before holds. */
  readonly life: string;
  /** Wall clock of the member, milliseconds. */
  readonly at_ms: number;
  readonly events: readonly Inspected[];
  /** Kinds that the asker wanted and that were not told, because there were too many; counted since the last frame. */
  readonly untold: number;
  /** Whether drills can be asked for at this member. */
  readonly drill: boolean;
  /** Why nothing more follows; '' while more does. */
  readonly ended: string;
}

/** What is asked: for how long, and of what. */
export interface InspectionRequest {
  readonly for_ms: number;
  readonly filter: {
    /** System ids such as `raft`; empty: all. */
    readonly actors: readonly string[];
    readonly kinds: readonly InspectionKind[];
    /** At most so many letters, snapshots and steps a second are told one by one. */
    readonly per_second: number;
  };
}
export const INSPECTION_KINDS = ['event', 'snapshot', 'microstep', 'letter'] as const;
export type InspectionKind = (typeof INSPECTION_KINDS)[number];

/* ---- drills ---------------------------------------------------------------------------------------------------- */

/** What can be done to a member that was started with `--drill`. */
export const DRILLS = ['pause', 'isolate', 'stop', 'transfer', 'campaign'] as const;
export type Drill = (typeof DRILLS)[number];
