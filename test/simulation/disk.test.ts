/** The simulated disk forgets what a real one may forget, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disk } from '../../store/ports.js';
import { createDisk, type SimulatedDisk } from './disk.js';
import { settled } from './globals.js';
import { createLife } from './life.js';
import { createWorld, type World } from './world.js';

/** Runs the world until the promise is settled. */
async function during<T>(world: World, promise: Promise<T>): Promise<T> {
  let over = false;
  const end = (): void => void (over = true);
  promise.then(end, end);
  while (!over) {
    world.step(Infinity);
    await settled();
  }
  return promise;
}

interface Stage {
  readonly world: World;
  readonly device: SimulatedDisk;
  readonly disk: Disk;
}

function stage(seed: number): Stage {
  const world = createWorld(seed);
  const device = createDisk(world);
  return { world, device, disk: device.mount(createLife(world)) };
}

/** A file with a synced write of 1s and an unsynced one of 2s behind it, in a synced directory. */
async function twoWrites({ world, disk }: Stage): Promise<void> {
  await during(world, disk.makeDirectory('log'));
  const file = await during(world, disk.open('log/1'));
  await during(world, disk.syncDirectory(''));
  await during(world, disk.syncDirectory('log'));
  await during(world, file.write(new Uint8Array(4).fill(1), 0));
  await during(world, file.sync());
  await during(world, file.write(new Uint8Array(4).fill(2), 4));
}

test('what was synced survives every power loss; what was not survives some, some torn', async () => {
  const found = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const one = stage(seed);
    await twoWrites(one);
    one.device.losePower();
    const bytes = await during(one.world, one.disk.read('log/1'));
    assert.deepEqual([...(bytes ?? [])].slice(0, 4), [1, 1, 1, 1]);
    found.add([...(bytes ?? [])].slice(4).join(''));
  }
  assert.ok(found.has(''), 'lost');
  assert.ok(found.has('2222'), 'kept');
  assert.ok(found.has('22') || found.has('0022'), 'torn');
});

test('a kill keeps what was handed over', async () => {
  const one = stage(1);
  await twoWrites(one);
  one.device.kill();
  assert.deepEqual([...((await during(one.world, one.disk.read('log/1'))) ?? [])], [1, 1, 1, 1, 2, 2, 2, 2]);
});

test('a file whose directory was not synced may vanish, a renamed one may be under its old name', async () => {
  const names = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    const { world, device, disk } = stage(seed);
    await during(world, disk.makeDirectory('d'));
    await during(world, disk.syncDirectory(''));
    await during(world, disk.open('d/a'));
    await during(world, disk.syncDirectory('d'));
    await during(world, disk.rename('d/a', 'd/b'));
    await during(world, disk.open('d/c'));
    device.losePower();
    names.add((await during(world, disk.list('d'))).join(' '));
  }
  assert.deepEqual([...names].sort(), ['a', 'a c', 'b', 'b c']);
});

test('a failed sync says EIO, and what it covered is never durable; a full disk says ENOSPC', async () => {
  const { world, device, disk } = stage(3);
  const file = await during(world, disk.open('f'));
  await during(world, disk.syncDirectory(''));
  await during(world, file.write(Uint8Array.of(7), 0));
  device.broken = true;
  await assert.rejects(during(world, file.sync()), { code: 'EIO' });
  await during(world, file.sync());
  device.losePower();
  assert.deepEqual(await during(world, disk.read('f')), new Uint8Array(0));
  device.full = true;
  await assert.rejects(during(world, file.write(Uint8Array.of(7), 0)), { code: 'ENOSPC' });
});

test('nothing reaches a life that has ended; a paused one hears of it when it resumes', async () => {
  const world = createWorld(4);
  const heard: string[] = [];
  for (const [name, act] of [
    ['ended', 'end'],
    ['paused', 'pause'],
  ] as const) {
    const life = createLife(world);
    life.clock.setTimeout(() => heard.push(name), 10);
    life[act]();
    world.after(20, () => life.resume());
  }
  while (world.step(100));
  assert.deepEqual(heard, ['paused']);
  assert.equal(world.now_ms(), 100);
});
