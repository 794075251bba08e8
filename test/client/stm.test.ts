/** Software transactional memory on the model of the store: what each level promises, and what it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Isolation, type Stm, transact } from '../../client/recipes/stm.js';
import type { Client } from '../../client/types.js';
import { toText } from '../../machines/language/bytes.js';
import { errorOfCall } from './client-of.js';
import { modelCluster } from './model-client.js';

const numberAt = async (stm: Stm, key: string) => Number(toText((await stm.get(key)) ?? new Uint8Array()));

async function valueOf(client: Client, key: string): Promise<string | undefined> {
  const { kvs } = await client.kv.get(key);
  return kvs[0] === undefined ? undefined : toText(kvs[0].value);
}

/** Runs a transaction; `between` happens once, after its first run and before that commits. */
async function disturbed(isolation: Isolation, run: (stm: Stm) => Promise<void>, between: (client: Client) => unknown) {
  const { client } = modelCluster();
  await client.kv.put('a', '1');
  await client.kv.put('b', '1');
  let runs = 0;
  const apply = async (stm: Stm) => {
    await run(stm);
    if (runs++ === 0) await between(client);
  };
  await transact(client, apply, { isolation });
  return { client, runs };
}

const all: readonly Isolation[] = ['serializableSnapshot', 'serializable', 'repeatableReads', 'readCommitted'];
const checking = all.slice(0, 3);

for (const isolation of checking) {
  test(`${isolation}: transfers under contention keep the sum`, async () => {
    const { client } = modelCluster();
    const accounts = ['x', 'y', 'z'];
    for (const account of accounts) await client.kv.put(account, '100');
    const transfer = (from: string, to: string) => async (stm: Stm) => {
      const left = await numberAt(stm, from);
      const right = await numberAt(stm, to);
      stm.put(from, String(left - 1));
      stm.put(to, String(right + 1));
    };
    const work = Array.from({ length: 60 }, (_, i) => {
      const [from, to] = [accounts[i % 3] ?? '', accounts[(i + 1) % 3] ?? ''];
      return transact(client, transfer(from, to), { isolation });
    });
    await Promise.all(work);
    const ends = await Promise.all(accounts.map(async (account) => Number(await valueOf(client, account))));
    assert.deepEqual(ends, [100, 100, 100], 'each account gave and took 20 times');
  });
}

test('what was read and changed since is run again, unless only committed reads were asked for', async () => {
  const increment = async (stm: Stm) => stm.put('a', String((await numberAt(stm, 'a')) + 1));
  for (const isolation of checking) {
    const { client, runs } = await disturbed(isolation, increment, (other) => other.kv.put('a', '10'));
    assert.deepEqual([await valueOf(client, 'a'), runs], ['11', 2], isolation);
  }
  const { client, runs } = await disturbed('readCommitted', increment, (other) => other.kv.put('a', '10'));
  assert.deepEqual([await valueOf(client, 'a'), runs], ['2', 1], 'the lost update that this level allows');
});

test('what is written and was changed since the first read: only a serializable snapshot minds', async () => {
  const write = async (stm: Stm) => stm.put('b', String(await numberAt(stm, 'a')));
  const { runs } = await disturbed('serializableSnapshot', write, (other) => other.kv.put('b', '7'));
  assert.equal(runs, 2);
  for (const isolation of all.slice(1)) {
    assert.equal((await disturbed(isolation, write, (other) => other.kv.put('b', '7'))).runs, 1, isolation);
  }
});

test('reads of one revision: what is changed between two reads is not seen by the second', async () => {
  const sums: Record<string, number> = {};
  for (const isolation of ['serializable', 'repeatableReads'] as const) {
    const { client } = modelCluster();
    await client.kv.put('a', '1');
    await client.kv.put('b', '1');
    let runs = 0;
    const first = { sum: 0 };
    await transact(
      client,
      async (stm) => {
        const a = await numberAt(stm, 'a');
        if (runs++ === 0) await client.kv.put('b', '5');
        const sum = a + (await numberAt(stm, 'b'));
        if (runs === 1) first.sum = sum;
      },
      { isolation },
    );
    sums[isolation] = first.sum;
  }
  assert.deepEqual(sums, { serializable: 2, repeatableReads: 6 });
});

test('a conflict reads everything anew in the same round trip', async () => {
  const cluster = modelCluster();
  const { client } = cluster;
  await client.kv.put('a', '1');
  await client.kv.put('b', '1');
  const asked: string[] = [];
  cluster.before = ({ op }) => void asked.push(op);
  let runs = 0;
  await transact(client, async (stm) => {
    stm.put('a', String((await numberAt(stm, 'a')) + (await numberAt(stm, 'b'))));
    if (runs++ === 0) await client.kv.put('a', '3');
  });
  assert.deepEqual(asked, ['kv.range', 'kv.range', 'kv.put', 'kv.txn', 'kv.txn']);
  assert.equal(await valueOf(client, 'a'), '4');
});

test('keys that are read in any case come in one round trip', async () => {
  const cluster = modelCluster();
  const asked: string[] = [];
  cluster.before = ({ op }) => void asked.push(op);
  const read = async (stm: Stm) => [await stm.get('a'), await stm.get('b')];
  const { result } = await transact(cluster.client, read, { prefetch: ['a', 'b'] });
  assert.deepEqual(result, [undefined, undefined]);
  assert.deepEqual(asked, ['kv.txn', 'kv.txn']);
});

test('a transaction sees its own writes and deletes', async () => {
  const { client } = modelCluster();
  await client.kv.put('a', '1');
  const { result } = await transact(client, async (stm) => {
    stm.delete('a');
    stm.put('b', 'new');
    return [await stm.get('a'), toText((await stm.get('b')) ?? new Uint8Array()), await stm.revision('a')];
  });
  assert.deepEqual(result, [undefined, 'new', 2]);
  assert.deepEqual([await valueOf(client, 'a'), await valueOf(client, 'b')], [undefined, 'new']);
});

test('a revision that is compacted under a transaction begins it anew', async () => {
  const { client } = modelCluster();
  await client.kv.put('a', '1');
  let runs = 0;
  await transact(client, async (stm) => {
    await stm.get('a');
    if (runs++ === 0) {
      const { header } = await client.kv.put('c', '1');
      await client.kv.compact(header.revision);
    }
    await stm.get('b');
  });
  assert.equal(runs, 2);
});

test('what the function throws ends it, and a signal ends the endless', async () => {
  const { client } = modelCluster();
  await assert.rejects(
    transact(client, async (stm) => {
      stm.put('a', '1');
      throw new Error('changed my mind');
    }),
    /changed my mind/,
  );
  assert.equal(await valueOf(client, 'a'), undefined);
  const controller = new AbortController();
  let runs = 0;
  const endless = transact(
    client,
    async (stm) => {
      await stm.get('a');
      await client.kv.put('a', String(runs++));
      if (runs === 5) controller.abort();
    },
    { signal: controller.signal },
  );
  assert.equal((await errorOfCall(endless)).message, 'etcdserver: request canceled');
});
