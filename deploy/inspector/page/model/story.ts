/** What happened, in plain words and in order: who stood for leader, who led, who fell silent. Who was what, when. */
import type { Inspected, InspectionFrame, StandingTold } from '../../../../machines/language/inspection.js';
import { topOf } from './chart.js';
import { isRaft } from './member.js';

/** Something worth a line. */
export interface Happening {
  readonly at_ms: number;
  readonly member: string;
  readonly text: string;
}
/** From here on a member was in this role; '' while it was silent. */
export interface RoleSpan {
  readonly at_ms: number;
  readonly role: string;
  readonly term: number;
}
export interface StandingPoint {
  readonly at_ms: number;
  readonly standing: StandingTold;
}

export interface MemberStory {
  readonly roles: readonly RoleSpan[];
  readonly standings: readonly StandingPoint[];
}
export interface Story {
  add(frame: InspectionFrame): void;
  /** The feed says who is heard. */
  heard(member: string, isHeard: boolean, at_ms: number): void;
  note(member: string, text: string, at_ms: number): void;
  /** What is older is let go. */
  forget(before_ms: number): void;
  readonly happenings: readonly Happening[];
  of(member: string): MemberStory;
  readonly members: readonly string[];
}

interface Told {
  roles: RoleSpan[];
  standings: StandingPoint[];
  /** Session ids that are Raft's, by life. */
  raft: Set<string>;
  life: string;
  /** Undefined: not known yet. */
  isHeard: boolean | undefined;
}

const happenings_max = 2_000;

const became: Readonly<Record<string, string>> = {
  follower: 'follows',
  learner: 'is a learner: it takes entries, and has no vote',
  preCandidate: 'asks whether others would vote for it (preCandidate)',
  candidate: 'stands for leader (candidate)',
  leader: 'leads from now on',
  removed: 'was removed from the cluster',
};

export function createStory(): Story {
  const members = new Map<string, Told>();
  let happenings: Happening[] = [];
  const tell = (member: string, text: string, at_ms: number): void => {
    // Members' messages come in turns: the moment is told by its time.
    const place = happenings.findLastIndex((each) => each.at_ms <= at_ms) + 1;
    happenings.splice(place, 0, { at_ms, member, text });
    if (happenings.length > happenings_max) happenings = happenings.slice(-happenings_max / 2);
  };
  const toldOf = (member: string): Told => {
    const told = members.get(member) ?? { roles: [], standings: [], raft: new Set(), life: '', isHeard: undefined };
    members.set(member, told);
    return told;
  };
  const beIn = (member: string, role: string, at_ms: number): void => {
    const told = toldOf(member);
    const last = told.roles.at(-1);
    if (role === '' || last?.role === role) return;
    const term = termOf(told);
    told.roles.push({ at_ms, role, term });
    tell(member, became[role] ?? `is ${role}`, at_ms);
  };
  return {
    add(frame) {
      const told = toldOf(frame.member);
      if (told.life !== '' && told.life !== frame.life) tell(frame.member, 'was started anew', frame.at_ms);
      if (told.life !== frame.life) told.raft = new Set();
      told.life = frame.life;
      for (const event of frame.events) {
        const role = roleIn(event, told.raft);
        const at_ms = Number(event.createdAt);
        if (event.type === 'quorate.standing') stand(told, event, at_ms, (text) => tell(frame.member, text, at_ms));
        beIn(frame.member, role, at_ms);
      }
    },
    heard(member, isHeard, at_ms) {
      const told = toldOf(member);
      const isFirst = told.isHeard === undefined;
      // Who was never heard cannot fall silent.
      if (told.isHeard === isHeard || (isFirst && !isHeard)) return;
      told.isHeard = isHeard;
      if (!isFirst) tell(member, isHeard ? 'is heard again' : 'is silent: dead, paused or cut off', at_ms);
      const role = isHeard ? told.roles.findLast((span) => span.role !== '')?.role : '';
      if (!isHeard) told.roles.push({ at_ms, role: '', term: termOf(told) });
      else if (role !== undefined) told.roles.push({ at_ms, role, term: termOf(told) });
    },
    note: tell,
    forget(before_ms) {
      happenings = happenings.filter(({ at_ms }) => at_ms >= before_ms);
      for (const told of members.values()) {
        const first = told.roles.findLastIndex(({ at_ms }) => at_ms <= before_ms);
        told.roles = told.roles.slice(Math.max(0, first));
        const start = told.standings.findIndex(({ at_ms }) => at_ms >= before_ms);
        told.standings = start < 0 ? told.standings.slice(-1) : told.standings.slice(start);
      }
    },
    get happenings() {
      return happenings;
    },
    of: (member) => toldOf(member),
    get members() {
      return [...members.keys()].sort();
    },
  };
}

/** '' where an event says nothing of the role. `raft`: session ids that are Raft's, learnt here. */
function roleIn(event: Inspected, raft: Set<string>): string {
  switch (event.type) {
    case '@xstate.actor':
      if (!isRaft(event.name)) return '';
      raft.add(event.sessionId);
      return topOf(event.snapshot.value);
    case '@xstate.snapshot':
      return raft.has(event.sessionId) ? topOf(event.snapshot.value) : '';
    case 'quorate.microstep':
      return raft.has(event.sessionId) ? topOf(event.value) : '';
    case 'quorate.standing':
      return event.role;
    case '@xstate.event':
    case 'quorate.mailboxes':
    case 'quorate.letter':
      return '';
  }
}

const termOf = (told: Told): number => told.standings.at(-1)?.standing.term ?? 0;

/** A role is told before its term is known here; the next standing says which it was. */
function stand(told: Told, standing: StandingTold, at_ms: number, tell: (text: string) => void): void {
  const before = told.standings.at(-1)?.standing;
  told.standings.push({ at_ms, standing });
  const last = told.roles.at(-1);
  if (last !== undefined && last.role === standing.role && last.term !== standing.term) {
    told.roles[told.roles.length - 1] = { ...last, term: standing.term };
  }
  if (before === undefined || before.leader === standing.leader || standing.leader === null) return;
  if (standing.role !== 'leader') tell(`hears ${standing.leader} as its leader, term ${standing.term}`);
}
