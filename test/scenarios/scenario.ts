/**
 * Runs a scenario: blocks of commands, `----`, and what the cluster said; `UPDATE=1` writes what it says now. Read and
 * understand it before committing it.
 */
import type { Configuration, Entry, MemberId } from '../../machines/language/vocabulary.js';
import { index, memberId, term } from '../../machines/language/vocabulary.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import type { RaftMachine } from '../charts/raft-player.js';
import { asId, Cluster, settings, type Waiting } from './cluster.js';
import { logWords, statusWords } from './status.js';

export interface Block {
  readonly comment: readonly string[];
  readonly commands: readonly string[];
  readonly expected: string;
}

export function parse(text: string): readonly Block[] {
  return text
    .split(/\n\n+(?=[#a-z])/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [above = '', below = ''] = part.split(/\n?^----\n?/m);
      const lines = above.split('\n').filter((line) => line !== '');
      return {
        comment: lines.filter((line) => line.startsWith('#')),
        commands: lines.filter((line) => !line.startsWith('#')),
        expected: below.trimEnd(),
      };
    });
}

export function print(blocks: readonly (Block & { readonly said: string })[]): string {
  return (
    blocks
      .map(({ comment, commands, said }) =>
        [...comment, ...commands, ...(commands.length === 0 ? [] : ['----', ...(said === '' ? [] : [said])])].join(
          '\n',
        ),
      )
      .join('\n\n') + '\n'
  );
}

export interface Played {
  readonly blocks: readonly (Block & { readonly said: string })[];
  /** Every state that some node was in. */
  readonly visited: ReadonlySet<string>;
}

/** Plays on `machine`; `heard` is told what each block said, and may stop the play by throwing. */
export function play(
  blocks: readonly Block[],
  machine: RaftMachine = raftMachine,
  heard: (block: Block, said: string) => void = () => undefined,
): Played {
  const scene: Scene = { machine, cluster: new Cluster(machine) };
  const said = blocks.map((block) => {
    for (const command of block.commands) runCommand(scene, command);
    const words = scene.cluster.takeLines();
    heard(block, words);
    return { ...block, said: words };
  });
  return { blocks: said, visited: scene.cluster.visited };
}

interface Scene {
  readonly machine: RaftMachine;
  cluster: Cluster;
}

interface Words {
  readonly plain: readonly string[];
  readonly named: ReadonlyMap<string, string>;
}

function wordsOf(command: string): Words {
  const all = command.split(/\s+/).slice(1);
  const named = all.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]);
  return { plain: all.filter((word) => !word.includes('=')), named: new Map(named) };
}

function runCommand(scene: Scene, command: string): void {
  const verb = command.split(/\s+/)[0] ?? '';
  const run = verbs[verb];
  if (run === undefined) throw new Error(`unknown verb '${verb}'; known: ${Object.keys(verbs).join(', ')}`);
  run(scene, wordsOf(command));
}

const idsOf = (cluster: Cluster, plain: readonly string[]): readonly MemberId[] =>
  plain.length === 0 || plain[0] === 'all' ? [...cluster.nodes.keys()] : plain.map(asId);

/** `1,1,4` is a log of three entries with these terms; the first entry names the members. */
function logOf(terms: string, configuration: Configuration): readonly Entry[] {
  return terms.split(',').map((word, i): Entry => {
    const at = { index: index(i + 1), term: term(Number(word)) };
    if (i === 0) return { ...at, kind: 'configuration', configuration };
    return { ...at, kind: 'command', data: new TextEncoder().encode(`e${i + 1}`) };
  });
}

function addNodes(scene: Scene, { plain, named }: Words): void {
  const count = Number(plain[0]);
  const learners = (named.get('learners') ?? '').split(',').filter((id) => id !== '');
  const outside = (named.get('outside') ?? '').split(',').filter((id) => id !== '');
  const before = Number(named.get('trim') ?? 1000);
  scene.cluster = new Cluster(scene.machine, { before, kept: Number(named.get('kept') ?? Math.floor(before / 2)) });
  const ids = Array.from({ length: count }, (_, i) => memberId(BigInt(i + 1)));
  const member = (id: MemberId) => ({ id, name: `n${id}` });
  const configuration: Configuration = {
    voters: ids.filter((id) => !learners.includes(`${id}`) && !outside.includes(`${id}`)).map(member),
    learners: ids.filter((id) => learners.includes(`${id}`)).map(member),
  };
  for (const id of ids) {
    const log = logOf(named.get(`log${id}`) ?? named.get('log') ?? '1', configuration);
    const last = log[log.length - 1]?.term ?? 1;
    const current = term(Number(named.get(`term${id}`) ?? last));
    scene.cluster.add(id, configuration, log, { term: current, vote: null, commit: index(1) });
  }
  scene.cluster.takeLines();
}

function lettersThatFit({ plain, named }: Words): (letter: Waiting) => boolean {
  const [from, type] = [named.get('from'), named.get('type')];
  return (letter) =>
    plain.includes(`${letter.to}`) &&
    (from === undefined || `${letter.from}` === from) &&
    (type === undefined || letter.message.type === type);
}

const verbs: Readonly<Record<string, (scene: Scene, words: Words) => void>> = {
  /** nodes 3 [learners=4] [outside=5] [log=1,1,2] [log2=…] [term2=…] [trim=… kept=…] */
  nodes: addNodes,
  tick({ cluster }, { plain, named }) {
    for (let i = 0; i < Number(named.get('times') ?? 1); i++) {
      for (const id of idsOf(cluster, plain)) cluster.tell(id, { type: 'tick', now_ms: 0 }, 'tick');
    }
  },
  /** Time passes without a word about ticks that do nothing. */
  elapse({ cluster }, { plain, named }) {
    const before = cluster.takeLines();
    for (let i = 0; i < Number(named.get('times') ?? settings.election_ticks); i++) {
      for (const id of idsOf(cluster, plain)) cluster.tell(id, { type: 'tick', now_ms: 0 }, 'tick');
    }
    const lines = cluster.takeLines().split('\n');
    if (before !== '') cluster.say(before);
    lines.forEach((line, i) => {
      if (!line.endsWith(' tick') || lines[i + 1]?.startsWith('  ') === true) cluster.say(line);
    });
  },
  /** Ticks one node until its election is due. */
  campaign({ cluster }, { plain }) {
    const id = asId(plain[0] ?? '');
    const before = cluster.takeLines();
    for (let i = 0; i < 3 * settings.election_ticks; i++) {
      cluster.takeLines();
      cluster.tell(id, { type: 'tick', now_ms: 0 }, 'election is due');
      const value = cluster.node(id).actor?.getSnapshot().value;
      if (typeof value === 'string' || (value !== undefined && 'leader' in value)) break;
    }
    const said = cluster.takeLines();
    if (before !== '') cluster.say(before);
    cluster.say(said);
  },
  propose({ cluster }, { plain, named }) {
    const [id = '', ...texts] = plain;
    const inTerm = named.get('term');
    cluster.propose(asId(id), texts, inTerm === undefined ? undefined : Number(inTerm));
  },
  write({ cluster }, { plain, named }) {
    for (const id of idsOf(cluster, plain)) cluster.write(id, Number(named.get('count') ?? Number.POSITIVE_INFINITY));
  },
  report({ cluster }, { plain }) {
    for (const id of idsOf(cluster, plain)) while (cluster.report(id));
  },
  deliver({ cluster }, words) {
    const fits = lettersThatFit(words);
    const count = Number(words.named.get('count') ?? cluster.letters.filter(fits).length);
    for (let i = 0; i < count; i++) cluster.deliver(fits);
  },
  /** Delivers without taking it away: the network repeats a letter. */
  repeat({ cluster }, words) {
    const found = cluster.letters.find(lettersThatFit(words));
    if (found === undefined) throw new Error('no such letter waits');
    cluster.letters.push(found);
    cluster.deliver(lettersThatFit(words));
  },
  drop({ cluster }, words) {
    const fits = lettersThatFit(words);
    cluster.letters = cluster.letters.filter((letter) => !fits(letter));
  },
  isolate({ cluster }, { plain }) {
    for (const id of plain) cluster.isolate(asId(id));
  },
  heal({ cluster }, { plain }) {
    for (const id of plain) cluster.cut.delete(asId(id));
  },
  stabilize({ cluster }, { plain }) {
    cluster.stabilize(idsOf(cluster, plain));
  },
  /** Without a word: for what other scenarios show. */
  quietly(scene, { plain, named }) {
    const before = scene.cluster.takeLines();
    const options = [...named].map(([key, value]) => `${key}=${value}`);
    runCommand(scene, [...plain, ...options].join(' '));
    scene.cluster.takeLines();
    if (before !== '') scene.cluster.say(before);
  },
  crash({ cluster }, { plain }) {
    for (const id of plain) cluster.crash(asId(id));
  },
  restart({ cluster }, { plain }) {
    for (const id of plain) {
      cluster.start(asId(id));
      cluster.say(statusWords(cluster.node(asId(id))));
    }
  },
  status({ cluster }, { plain }) {
    for (const id of idsOf(cluster, plain)) cluster.say(statusWords(cluster.node(id)));
  },
  log({ cluster }, { plain }) {
    for (const id of idsOf(cluster, plain)) cluster.say(logWords(cluster.node(id)));
  },
  letters({ cluster }) {
    cluster.say(cluster.letters.map(({ from, to, message }) => `${from}->${to} ${message.type}`).join(', ') || 'none');
  },
  read({ cluster }, { plain: [node = '', id = ''] }) {
    cluster.tell(asId(node), { type: 'read.asked', id: Number(id) as never }, `is asked read ${id}`);
  },
  transfer({ cluster }, { plain: [node = '', target] }) {
    const to = target === undefined ? null : asId(target);
    cluster.tell(asId(node), { type: 'transfer.asked', target: to }, `is asked to hand over to ${target ?? 'anyone'}`);
  },
  change({ cluster }, { plain: [node = '', type = '', who = ''] }) {
    cluster.change(asId(node), type as 'addLearner', asId(who));
  },
  silent({ cluster }, { plain: [node = '', link = ''] }) {
    cluster.tell(asId(node), { type: 'link.silent', link: link as 'door' }, `finds its ${link} link silent`);
  },
};
