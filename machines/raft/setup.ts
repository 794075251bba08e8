/** The words of the charts: every guard and action by name, and the one bridge from a handler to a chart. */
import { setup } from 'xstate';
import { invariant } from '../language/invariant.js';
import type { Effect, EventOf, RaftEvent, RaftEventType, Role } from '../language/vocabulary.js';
import type { Handler, Outcome, RaftContext, RaftInput } from './context.js';
import { because, nothing } from './context.js';
import * as election from './election.js';
import * as following from './following.js';
import * as keeping from './keeping.js';
import * as membership from './membership.js';
import * as office from './office.js';
import * as quorum from './quorum.js';
import * as reads from './reads.js';
import * as replication from './replication.js';
import * as snapshots from './snapshots.js';

function notProvided(name: string): never {
  throw new Error(`raft's action '${name}' is not provided: hand it in with raftMachine.provide({ actions })`);
}

const base = setup({
  types: {
    context: {} as RaftContext,
    events: {} as RaftEvent,
    input: {} as RaftInput,
  },
  actions: {
    /** The only way out. */
    ready: (_, _params: { readonly effects: readonly Effect[] }) => notProvided('ready'),
  },
});

/** What must hold whatever a handler came to; checked in production too. */
function checkStep(before: RaftContext, next: Partial<RaftContext>): void {
  const { hardState } = next;
  if (hardState === undefined) return;
  invariant(hardState.term >= before.hardState.term, 'term never goes back', { hardState, before: before.hardState });
  invariant(hardState.commit >= before.hardState.commit, 'commit never goes back', {
    hardState,
    before: before.hardState,
  });
  invariant(
    hardState.term > before.hardState.term ||
      before.hardState.vote === null ||
      hardState.vote === before.hardState.vote,
    'a vote is given once a term',
    { hardState, before: before.hardState },
  );
}

/** One assign, at most one `ready`. Handlers that do not look at the event fit every arrow. */
export function step<T extends RaftEventType>(handler: Handler<EventOf<T>>) {
  return base.enqueueActions(({ context, event, enqueue }) => {
    const { next, out } = handler(context, event as EventOf<T>);
    if (next !== nothing.next) {
      checkStep(context, next);
      enqueue.assign(next);
    }
    if (out.length > 0) enqueue({ type: 'ready', params: { effects: out } });
  });
}

const announceAs = (role: Role) => step((c) => election.announceAs(c, role));

const retire = (): Outcome => ({ next: { cause: because('removalCommitted') }, out: [{ type: 'retire' }] });
const noteMembership = (): Outcome => ({ next: { cause: because('membershipChanged') }, out: [] });
const noteSilence: Handler<EventOf<'link.silent'>> = (c, event) => ({
  next: { silent: new Set(c.silent).add(event.link) },
  out: [],
});
const noteSound: Handler<EventOf<'link.heard'>> = (c, event) => {
  const silent = new Set(c.silent);
  silent.delete(event.link);
  return { next: { silent }, out: [] };
};
const twoLeaders: Handler<RaftEvent> = (c, event) => {
  invariant(false, 'a term has one leader', { term: c.hardState.term, event });
};

/** A guard that looks at one kind of event; the charts ask it on arrows of that event only. */
const asks =
  <T extends RaftEventType>(guard: (context: RaftContext, event: EventOf<T>) => boolean) =>
  ({ context, event }: { context: RaftContext; event: RaftEvent }): boolean =>
    guard(context, event as EventOf<T>);

export const raft = base.extend({
  actions: {
    /* everywhere */
    ignored: () => {
      /* Named, so that what a role does not hear is said in its chart, and seen in the inspector. */
    },
    hearAgain: base.raise(({ event }) => event),
    announceFollower: announceAs('follower'),
    announceLearner: announceAs('learner'),
    announcePreCandidate: announceAs('preCandidate'),
    announceCandidate: announceAs('candidate'),
    announceLeader: announceAs('leader'),
    announceRemoved: announceAs('removed'),
    beNews: step(election.beNews),
    countTick: step(election.countTick),
    adoptTerm: step(election.adoptTerm),
    answerWithOwnTerm: step<election.Question['type']>(election.answerWithOwnTerm),
    keepLog: step<'log.kept'>(keeping.keepLog),
    noteApplied: step<'applied'>(keeping.noteApplied),
    handOnAtStart: step(keeping.handOnAtStart),
    noteSilence: step<'link.silent'>(noteSilence),
    noteSound: step<'link.heard'>(noteSound),
    dropPrepared: step<'snapshot.prepared'>(snapshots.dropPrepared),
    retire: step(retire),
    noteMembership: step(noteMembership),
    /* elections */
    forgetLeader: step(election.forgetLeader),
    restartTimeout: step(election.restartTimeout),
    startPreCampaign: step(election.startPreCampaign),
    startCampaign: step(election.startCampaign),
    acceptInvitation: step<'campaign.asked'>(election.acceptInvitation),
    heedLeader: step<'append.sent' | 'heartbeat.sent' | 'snapshot.offered'>(election.heedLeader),
    countVote: step<'vote.answered' | 'preVote.answered'>(election.countVote),
    grantVote: step<'vote.asked'>(election.grantVote),
    refuseVote: step<'vote.asked' | 'preVote.asked'>(election.answerWithOwnTerm),
    grantPreVote: step<'preVote.asked'>(election.grantPreVote),
    /* following */
    followLeader: step<'append.sent' | 'heartbeat.sent' | 'snapshot.offered'>(following.followLeader),
    acceptAppend: step<'append.sent'>(following.acceptAppend),
    refuseAppend: step<'append.sent'>(following.refuseAppend),
    askForSnapshot: step<'append.sent'>(following.askForSnapshot),
    hearHeartbeat: step<'heartbeat.sent'>(following.hearHeartbeat),
    hearHeartbeatOnly: step<'heartbeat.sent'>(following.hearHeartbeatOnly),
    takeOffer: step<'snapshot.offered'>(snapshots.takeOffer),
    acknowledgeOffer: step<'snapshot.offered'>(snapshots.acknowledgeOffer),
    refuseOffer: step<'snapshot.offered'>(snapshots.refuseOffer),
    adoptSnapshot: step<'snapshot.installed'>(snapshots.adoptSnapshot),
    reportFailure: step<'snapshot.failed'>(snapshots.reportFailure),
    /* leading */
    twoLeaders: step(twoLeaders),
    takeOffice: step(office.takeOffice),
    leaveOffice: step(office.leaveOffice),
    openDoor: step(office.openDoor),
    countLeaderTick: step(office.countLeaderTick),
    sendHeartbeats: step(office.sendHeartbeats),
    resign: step(office.resign),
    appendBatch: step<'proposed'>(replication.appendBatch),
    appendChange: step<'change.proposed'>(replication.appendChange),
    sendAppends: step(replication.sendAppends),
    countAck: step<'append.accepted'>(replication.countAck),
    advanceCommit: step(keeping.advanceCommit),
    stepBack: step<'append.refused'>(replication.stepBack),
    hearAnswer: step<'heartbeat.answered'>(replication.hearAnswer),
    offerSnapshot: step<'snapshot.prepared'>(snapshots.offerSnapshot),
    endOffer: step<'snapshot.dropped'>(snapshots.endOffer),
    hearOfferRefused: step<'snapshot.refused'>(snapshots.hearOfferRefused),
    startTransfer: step<'transfer.asked'>(office.startTransfer),
    inviteTarget: step(office.inviteTarget),
    giveUpTransfer: step(office.giveUpTransfer),
    /* reads */
    gatherOwnRead: step<'read.asked'>(reads.gatherOwnRead),
    gatherRelayedRead: step<'readIndex.asked'>(reads.gatherRelayedRead),
    refuseRelayedRead: step<'readIndex.asked'>(reads.refuseRelayedRead),
    answerReads: step(reads.answerReads),
    relayRead: step<'read.asked'>(reads.relayRead),
    voidRead: step<'read.asked'>(reads.voidRead),
    hearReadIndex: step<'readIndex.answered'>(reads.hearReadIndex),
    /* refusals */
    refuseNotLeader: step<'proposed' | 'change.proposed'>(replication.refuseAs('notLeader')),
    refuseStaleTerm: step<'proposed' | 'change.proposed'>(replication.refuseAs('staleTerm')),
    refuseHandingOver: step<'proposed' | 'change.proposed'>(replication.refuseAs('handingOver')),
    refuseTooMany: step<'proposed'>(replication.refuseAs('tooManyUncommitted')),
    refuseChange: step<'change.proposed'>(replication.refuseAs('changeInProgress')),
  },
  guards: {
    newerTerm: ({ context, event }) => election.newerTerm(context, event),
    olderTerm: ({ context, event }) => election.olderTerm(context, event),
    hasNews: ({ context }) => election.hasNews(context),
    isVoter: ({ context }) => membership.isVoter(context, context.self),
    isVoterWithLeader: ({ context }) => membership.isVoter(context, context.self) && context.leader !== null,
    isLearner: ({ context }) => membership.isLearner(context, context.self),
    ownRemovalCommitted: ({ context }) => membership.ownRemovalCommitted(context),
    keptStillHolds: asks<'log.kept'>(keeping.keptStillHolds),
    /* elections */
    electionDue: ({ context }) => election.electionDue(context),
    campaignDue: ({ context }) => election.electionDue(context) && election.mayCampaign(context),
    invitedByLeader: asks<'campaign.asked'>((c, event) => event.from === c.leader && election.mayCampaign(c)),
    leaderHeard: ({ context }) => election.leaderHeard(context),
    leaderHeardAndNoTransfer: asks<'vote.asked'>((c, event) => election.leaderHeard(c) && !event.transfer),
    noTransfer: asks<'vote.asked'>((_c, event) => !event.transfer),
    mayVote: asks<'vote.asked'>(election.mayVote),
    mayPreVote: asks<'preVote.asked'>(election.mayPreVote),
    quorumWouldVote: ({ context }) => quorum.quorumGranted(context),
    quorumVoted: ({ context }) => quorum.quorumGranted(context),
    quorumRefused: ({ context }) => quorum.quorumRefused(context),
    /* following */
    leaderKnown: ({ context }) => context.leader !== null,
    continuesLog: asks<'append.sent'>(following.continuesLog),
    isBehind: ({ context }) => snapshots.isBehind(context),
    offerIsAhead: asks<'snapshot.offered'>(snapshots.offerIsAhead),
    offerIsWelcome: asks<'snapshot.offered'>(
      (c, event) => snapshots.nothingInstalling(c) && snapshots.offerIsAhead(c, event),
    ),
    nothingInstalling: ({ context }) => snapshots.nothingInstalling(context),
    /* leading */
    quorumLost: ({ context }) => office.quorumLost(context),
    cannotLead: ({ context }) => office.cannotLead(context),
    heartbeatDue: ({ context }) => office.heartbeatDue(context),
    ownEntryCommitted: ({ context }) => office.ownEntryCommitted(context),
    otherTerm: asks<'proposed' | 'change.proposed'>((c, event) => event.term !== c.hardState.term),
    tooMuchUncommitted: asks<'proposed'>((c, event) =>
      keeping.tooMuchUncommitted(c, replication.batchBytes(event.batch)),
    ),
    changeRefused: asks<'change.proposed'>(
      (c, event) =>
        membership.changePending(c) || membership.changed(membership.inForce(c), event.change) === undefined,
    ),
    roundConfirmed: ({ context }) => reads.roundConfirmed(context),
    canHandOver: asks<'transfer.asked'>(office.canHandOver),
    targetCaughtUp: ({ context }) => office.targetCaughtUp(context),
    transferOverdue: ({ context }) => office.transferOverdue(context),
  },
});
