/** Histories that chance would find now and then, played on purpose with a cluster of three whole nodes. */
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { frameAt, FRAME_HEAD } from '../../store/log-frames.js';
import { decodeSegmentHead, LOG_DIRECTORY } from '../../store/log-segments.js';
import type { ConfigurationChange, ProposalId, Term } from '../../machines/language/vocabulary.js';
import type { Answer } from '../../transport/ports.js';
import type { ClusterMember, ClusterTwist } from './cluster.js';
import { onlyTwoHaveIt, playCluster, type Sent, type Stage, tellRaft, trimBeyond } from './cluster-script.js';
import { createDisk } from './disk.js';
import { clients } from './door.js';
import { must, type SimulationFailure } from './failure.js';
import { fairWeather } from './network.js';
import { isRefusal, tagOf } from './operations.js';
import { createLife } from './life.js';

export type Script = (seed: number, twist?: ClusterTwist) => Promise<SimulationFailure | null>;

/** Long enough for elections to be tried again and again. */
const a_while_ms = 6_000;

/**
 * Answers come late once more, when their questions are closed: to another question of the same life, or to one of the
 * next life where `crashing`. Meanwhile the member has missed a write.
 */
const playLateAnswers =
  (crashing: boolean): Script =>
  (seed, twist) =>
    playCluster(seed, twist, async (stage) => {
      const { cluster } = stage;
      const { leader, near, far } = await onlyTwoHaveIt(stage);
      stage.apart([leader, near, far]);
      await stage.level(cluster.members);
      cluster.network.weather = { ...fairWeather, late: 1, late_ms: 600 };
      for (let asked = 0; asked < 8; asked++) {
        const early = stage.read('a', far);
        await stage.until('a read is answered', () => early.answer !== null);
      }
      cluster.network.weather = fairWeather;
      if (crashing) {
        cluster.stop(far, false);
        cluster.start(far);
        await stage.until('it follows again', () => cluster.street.hears(far.name));
      }
      cluster.network.cut(leader.name, far.name);
      const sent = stage.put('a');
      await stage.until('a write is answered', () => sent.answer !== null);
      const written = sent.answer?.ok === true ? sent.answer.header.revision : Infinity;
      const late: { readonly answer: Answer | null }[] = [];
      for (let asked = 0; asked < 8; asked++) {
        late.push(stage.read('a', far));
        await stage.pass(20);
      }
      await stage.pass(200);
      for (const { answer } of late) {
        const fresh = answer === null || !answer.ok || answer.header.revision >= written;
        must(fresh, 'a read sees every write that was acknowledged before it', { written, answer });
      }
    });
export const playLateAnswer = playLateAnswers(false);
export const playEarlierLife = playLateAnswers(true);

/** A directory is emptied and its node started again: an empty log must not vote where a full one had promised. */
export const playWiped: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    const { leader, near, far } = await onlyTwoHaveIt(stage);
    const sent = stage.put('a');
    await stage.until('a write is answered', () => sent.answer !== null);
    cluster.stop(leader, false);
    cluster.stop(near, false);
    emptyDirectory(stage, near);
    cluster.start(near);
    stage.apart([leader], [near, far]);
    await stage.pass(a_while_ms);
    // The two that have kept what they promised are a quorum.
    cluster.start(leader);
    stage.apart([leader, far], [near]);
    await stage.leader([leader, far]);
  });

/** A second process is started under a name, on an empty directory, while the first one stands still. */
export const playTwins: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    // Of the term at hand all have heard; of the next one the far one has not, and it may campaign in it.
    const { leader: first } = await onlyTwoHaveIt(stage);
    const others = cluster.members.filter((member) => member !== first);
    stage.apart([first], others);
    const leader = await stage.leader(others);
    const twin = others.find((member) => member !== leader) as ClusterMember;
    twin.life?.pause();
    [twin.life, twin.node, twin.kv, twin.peers, twin.role] = [null, null, null, null, 'follower'];
    emptyDirectory(stage, twin);
    cluster.start(twin);
    stage.apart([leader], [first, twin]);
    await stage.pass(a_while_ms);
  });

/** What a member's log says of the membership is not in its state yet when it starts again. */
export const playMembership: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    const { leader, near, far } = await onlyTwoHaveIt(stage);
    await change(stage, leader, { type: 'remove', member: far.witness.id });
    // It has acknowledged the change, and not heard that it is committed.
    cluster.stop(near, false);
    await change(stage, leader, { type: 'remove', member: near.witness.id });
    const sent = stage.put('b');
    await stage.until('the last member answers alone', () => sent.answer !== null);
    stage.apart([leader], [near, far]);
    cluster.start(near);
    await stage.pass(a_while_ms);
  });

/** A member was promoted and has not heard of it: without its vote there is no leader. */
export const playLearner: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    const { leader, near, far } = await onlyTwoHaveIt(stage);
    const learner = { id: far.witness.id, name: far.name };
    await change(stage, leader, { type: 'remove', member: learner.id });
    await change(stage, leader, { type: 'addLearner', member: learner });
    stage.apart([leader, near, far]);
    await stage.until('a learner follows', () => far.role === 'learner');
    await stage.level(cluster.members);
    stage.apart([leader, near], [far]);
    await change(stage, leader, { type: 'promote', member: learner.id });
    await stage.level([leader, near]);
    cluster.stop(leader, false);
    stage.apart([leader], [near, far]);
    await stage.until('a promoted member gives its vote before it has heard of it', () => near.role === 'leader');
  });

/** Appended by the leader and committed by what is a quorum then. */
async function change(stage: Stage, leader: ClusterMember, what: ConfigurationChange): Promise<void> {
  const { checks } = stage.cluster;
  const { committed } = checks;
  const term = leader.witness.log.hardState.term as Term;
  tellRaft(leader, { type: 'change.proposed', id: 1e9 as ProposalId, term, change: what });
  await stage.until('a change is committed', () => checks.committed > committed);
}

/** A batch in the middle of a log that was closed is altered while its node is down. */
export const playHole: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    const { leader, near, far } = await onlyTwoHaveIt(stage);
    const before = (await framesOf(stage, near)).length;
    // Two batches that it has and does not know to be committed: its state says nothing of them.
    cluster.network.cut(near.name, leader.name);
    for (const key of ['a', 'b', 'c']) {
      stage.put(key);
      await stage.pass(15);
    }
    const { committed } = cluster.checks;
    stage.apart([leader, near], [far]);
    await stage.until('all three are committed', () => cluster.checks.committed >= committed + 3);
    cluster.stop(near, false);
    cluster.stop(leader, false);
    await flip(stage, near, before);
    near.damaged = true;
    cluster.start(near);
    stage.apart([leader], [near, far]);
    await stage.pass(a_while_ms);
    must(near.life === null, 'a node whose log has a hole does not start', { member: near.name });
  });

/** A leader stands still while another is elected, and wakes to what clients had sent to both of them. */
async function wakesDeposed(stage: Stage): Promise<{ readonly woken: ClusterMember; readonly sent: readonly Sent[] }> {
  const { cluster } = stage;
  const woken = await stage.leader(cluster.members);
  await stage.level(cluster.members);
  woken.life?.pause();
  const others = cluster.members.filter((member) => member !== woken);
  const leader = await stage.leader(others);
  // What the new leader answers is lost.
  cluster.network.cut(leader.name, clients);
  const sent = Array.from({ length: 10 }, () => stage.put('a'));
  const { committed } = cluster.checks;
  await stage.until('the new leader does it', () => cluster.checks.committed >= committed + sent.length);
  woken.life?.resume();
  await stage.pass(1_000);
  cluster.network.heal();
  return { woken, sent };
}

/** Whoever was told that nothing was done must be able to rely on it. */
export const playRefusals: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { sent } = await wakesDeposed(stage);
    for (const { input, answer } of sent) {
      const refused = answer?.ok === false && isRefusal(answer.error);
      const done = stage.cluster.truth.made(tagOf(input, null) ?? '') !== null;
      must(!refused || !done, 'what was refused was not done', { input });
    }
  });

/** A leader that was deposed and is elected again has not kept what it refused meanwhile. */
export const playReelection: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { woken } = await wakesDeposed(stage);
    const { members } = stage.cluster;
    tellRaft(await stage.leader(members), { type: 'transfer.asked', target: woken.witness.id });
    await stage.leader([woken]);
    await stage.level(members);
  });

/** A compaction whose answer was lost is asked again under its id. */
export const playRepeated: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    await stage.leader(stage.cluster.members);
    for (const key of ['a', 'b', 'c']) {
      const sent = stage.put(key);
      await stage.until('a write is answered', () => sent.answer !== null);
    }
    const id = { client: new Uint8Array(16), number: 1, since: 0 };
    for (let attempt = 0; attempt < 2; attempt++) {
      const sent = stage.ask({ type: 'compact', revision: 3 }, id);
      await stage.until('a compaction is answered', () => sent.answer !== null);
      await stage.level(stage.cluster.members);
    }
  });

/** The power fails after each sync in turn, from a node's start until it has installed a snapshot. */
export const playInstall: Script = (seed, twist) =>
  playCluster(seed, twist, async (stage) => {
    const { cluster } = stage;
    const { leader, near, far } = await onlyTwoHaveIt(stage);
    cluster.stop(far, false);
    await trimBeyond(stage, leader, far);
    stage.apart([leader, near, far]);
    const { last } = far.witness.log;
    const hasIt = (): boolean => far.witness.log.start.index > last;
    for (let syncs = 1; syncs < 40 && !hasIt(); syncs++) {
      const until = far.disk.syncs + syncs;
      cluster.start(far);
      await stage.until('a node syncs, and fetches what it lacks', () => far.disk.syncs >= until || hasIt());
      cluster.stop(far, true);
    }
    must(hasIt(), 'a snapshot is installed in the end', { last });
    cluster.start(far);
    await stage.level(cluster.members);
  });

/* ---- directories ------------------------------------------------------------------------------------------------- */

function emptyDirectory({ cluster }: Stage, member: ClusterMember): void {
  member.disk = createDisk(cluster.world);
  member.engines = new MemoryEngineFactory();
}

/** Where the batches of the newest log file stand, and the file. */
async function framesOf(stage: Stage, member: ClusterMember): Promise<readonly number[]> {
  const { bytes, path } = await newestSegment(stage, member);
  const found: number[] = [];
  let at = decodeSegmentHead(bytes, path)?.end ?? 0;
  for (let frame = frameAt(bytes, at); frame !== undefined; frame = frameAt(bytes, at)) {
    found.push(at);
    at += FRAME_HEAD + frame.length;
  }
  return found;
}

async function newestSegment(
  stage: Stage,
  member: ClusterMember,
): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const disk = member.disk.mount(createLife(stage.cluster.world));
  const name = (await stage.done(disk.list(LOG_DIRECTORY))).at(-1) ?? '';
  const path = `${LOG_DIRECTORY}/${name}`;
  return { path, bytes: Buffer.from((await stage.done(disk.read(path))) ?? new Uint8Array(0)) };
}

/** Alters one byte of the n-th batch. */
async function flip(stage: Stage, member: ClusterMember, n: number): Promise<void> {
  const frames = await framesOf(stage, member);
  const { bytes, path } = await newestSegment(stage, member);
  const at = (frames[n] as number) + FRAME_HEAD + 3;
  must(n < frames.length - 1, 'a batch follows the one that is altered', { n, frames: frames.length });
  const file = await stage.done(member.disk.mount(createLife(stage.cluster.world)).open(path));
  await stage.done(file.write(Uint8Array.of((bytes[at] as number) ^ 0x55), at));
  await stage.done(file.sync());
}
