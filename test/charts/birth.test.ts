/** How a cluster is born once, and what keeps it from being born twice. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { gathering, heard, isBornIn, verdictOf, type Gathering } from '../../machines/birth.js';
import { memberId, type ClusterId, type Member } from '../../machines/language/vocabulary.js';

const names = ['n1', 'n2', 'n3'];
const member = (name: string, id: bigint): Member => ({ name, id: memberId(id) });
const empty = (round: number, members: readonly string[] = names) => ({ round, members, cluster: null });

function hear(known: Gathering, ...answers: (readonly [Member, Parameters<typeof heard>[2]])[]) {
  let verdict = verdictOf(known);
  for (const [from, answer] of answers) [known, verdict] = heard(known, from, answer);
  return verdict;
}

test('the founder founds only when all listed members have answered one round with empty logs', () => {
  const known = gathering(member('n1', 1n), names, 7);
  assert.deepEqual(hear(known, [member('n2', 2n), empty(7)]), { type: 'waiting', missing: ['n3'] });
  const verdict = hear(known, [member('n3', 3n), empty(7)], [member('n2', 2n), empty(7)]);
  assert.deepEqual(verdict, { type: 'found', members: [member('n1', 1n), member('n2', 2n), member('n3', 3n)] });
});

test('an answer to an earlier round does not count: that identity may be gone', () => {
  const known = gathering(member('n1', 1n), names, 7);
  const verdict = hear(known, [member('n2', 2n), empty(6)], [member('n3', 3n), empty(7)]);
  assert.deepEqual(verdict, { type: 'waiting', missing: ['n2'] });
});

test('nobody but the first name founds', () => {
  const known = gathering(member('n2', 2n), names, 1);
  const verdict = hear(known, [member('n1', 1n), empty(1)], [member('n3', 3n), empty(1)]);
  assert.deepEqual(verdict, { type: 'waiting', missing: [] });
});

test('one member with a log keeps a second cluster from being born', () => {
  const known = gathering(member('n1', 1n), names, 1);
  const born = { round: 1, members: names, cluster: 5n as ClusterId };
  const verdict = hear(known, [member('n2', 2n), empty(1)], [member('n3', 3n), born]);
  assert.equal(verdict.type, 'conflict');
  assert.match(verdict.type === 'conflict' ? verdict.reason : '', /n3 is in a cluster already/);
});

test('lists that differ, and two identities of one name, are told and not guessed', () => {
  const known = gathering(member('n1', 1n), names, 1);
  const other = hear(known, [member('n2', 2n), empty(1, ['n1', 'n2'])]);
  assert.match(other.type === 'conflict' ? other.reason : '', /n2 lists the members n1,n2, this node lists n1,n2,n3/);
  const twice = hear(known, [member('n2', 2n), empty(1)], [member('n2', 9n), empty(1)]);
  assert.match(twice.type === 'conflict' ? twice.reason : '', /two data directories answer to the name n2/);
});

test('a member takes the first entry only when it stands in it with its identity', () => {
  const members = [member('n1', 1n), member('n2', 2n)];
  assert.equal(isBornIn(member('n2', 2n), members), true);
  assert.equal(isBornIn(member('n2', 3n), members), false);
});
