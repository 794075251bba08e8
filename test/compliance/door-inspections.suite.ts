/** What every door promises of inspections and drills; NATS and memory run the same cases. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { badRequest } from '../../machines/language/errors.js';
import type { Drill, InspectionFrame, InspectionRequest } from '../../machines/language/inspection.js';
import { limits } from '../../machines/language/limits.js';
import { type ClusterId, type Epoch, memberId } from '../../machines/language/vocabulary.js';
import type { ClientDoor, ClientLink, DoorHandlers, InspectionStream } from '../../transport/ports.js';
import { LinkError } from '../../transport/ports.js';
import { clusterSubject, type Endpoint, memberSubject } from '../../transport/subjects.js';
import type { DoorWorld } from './door.suite.js';
import { queue } from './queue.js';

const CLUSTER = 12345678901234567890n as ClusterId;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

const told = (events: InspectionFrame['events'] = []): Omit<InspectionFrame, 'number'> => ({
  member: 'n1',
  life: '1',
  at_ms: 5,
  events,
  untold: 2,
  drill: true,
  ended: '',
});

export function doorInspectionsSuite(name: string, begin: () => Promise<DoorWorld>): void {
  describe(`inspections through ${name}`, () => {
    let world: DoorWorld;
    let link: ClientLink;
    before(async () => {
      world = await begin();
      link = await world.link();
    });
    after(async () => {
      await link.close();
      await world.end();
    });

    let clusters = 0;
    const doors: ClientDoor[] = [];
    afterEach(() => Promise.all(doors.splice(0).map((door) => door.close())));

    const openDoor = async (drills: boolean, drill: DoorHandlers['drill'] = () => assert.fail('no drill')) => {
      const cluster = `i${++clusters}`;
      const opened = queue<{ readonly stream: InspectionStream; readonly request: InspectionRequest }>();
      const gone = queue<'gone'>();
      const door = world.door();
      doors.push(door);
      await door.open(
        { member: { id: memberId(BigInt(clusters)), name: 'n1' }, cluster_name: cluster, epoch: 1 as Epoch },
        {
          inspecting: (stream, request) => {
            opened.add({ stream, request });
            return { gone: () => gone.add('gone') };
          },
          drills,
          drill,
          watching: () => assert.fail('nobody watches'),
          asked: () => assert.fail('nobody asks'),
          link: () => undefined,
          refused: () => undefined,
          stats: () => ({}),
        },
      );
      await door.serve(CLUSTER);
      return { cluster, opened, gone };
    };

    /** Tries again while nobody serves: interest takes a moment to be known. */
    const ask = async (subject: string, body: unknown): Promise<unknown> => {
      for (;;) {
        try {
          return decode((await link.request(subject, encode(body), NO_HEADERS, 5_000)).body);
        } catch (error) {
          if (!(error instanceof LinkError) || error.reason !== 'noResponders') throw error;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    };

    test('what is asked arrives with what is usual filled in; frames come numbered, none too large', async () => {
      const { cluster, opened, gone } = await openDoor(false);
      const subject = memberSubject(cluster, 'n1', 'inspect.start');
      // Until the door is heard of.
      await ask(subject, { kye: 1 });
      const frames = queue<InspectionFrame>();
      const stream = link.stream(subject, encode({ filter: { actors: ['raft'], kinds: ['event'] } }), NO_HEADERS, {
        message: ({ body }) => frames.add(decode(body) as InspectionFrame),
        ended: (error) => assert.fail(error),
      });
      const begun = await opened.next();
      assert.deepEqual(begun.request, {
        for_ms: 60_000,
        filter: { actors: ['raft'], kinds: ['event'], per_second: limits.inspection_per_second },
      });
      assert.ok(begun.stream.tell(told()));
      assert.deepEqual(await frames.next(), { number: 1, ...told() });
      const letter = { type: 'quorate.letter', createdAt: '1', way: 'sent', peer: 'n2' } as const;
      const large = { ...letter, message: { type: 'x'.repeat(100_000) } };
      const tooLarge = { ...letter, message: { type: 'x'.repeat(link.max_payload) } };
      assert.ok(begun.stream.tell(told([large, large, tooLarge])));
      const parts = [await frames.next(), await frames.next()];
      assert.deepEqual(
        parts.map(({ number, events, untold }) => [number, events.length, untold]),
        [
          [2, 1, 0],
          [3, 1, 3],
        ],
      );
      stream.close();
      // What is told to nobody comes back as nobody.
      begun.stream.tell(told());
      assert.equal(await gone.next(), 'gone');
      assert.equal(begun.stream.tell(told()), false);
    });

    test('wrong requests are refused with what would be right', async () => {
      const { cluster } = await openDoor(false);
      const subject = memberSubject(cluster, 'n1', 'inspect.start');
      const wrong: readonly (readonly [unknown, RegExp])[] = [
        [{ kye: 1 }, /unknown field "kye"; known: for_ms, filter/],
        [{ for_ms: 3_600_001 }, /for_ms is 3600001; it must be between 0 \(the usual\) and 3600000/],
        [{ for_ms: 'x' }, /for_ms/],
        [{ filter: { kinds: ['snapshots'] } }, /one of event, snapshot, microstep, letter/],
        [{ filter: { actors: [7] } }, /a name such as "raft"/],
        [{ filter: { per_second: -1 } }, /per_second is -1/],
        [[], /where a map of fields should be/],
      ];
      for (const [body, says] of wrong) {
        const answer = (await ask(subject, body)) as { error: { code: string; message: string } };
        assert.equal(answer.error.code, 'InvalidArgument');
        assert.match(answer.error.message, says);
      }
    });

    test('drills are answered with what follows, or why it makes no sense', async () => {
      const ordered: (readonly [Drill, number])[] = [];
      const { cluster } = await openDoor(true, async (drill, for_ms) => {
        ordered.push([drill, for_ms]);
        if (drill === 'transfer') throw badRequest('drill.transfer: it does not lead');
        return 'it stands still';
      });
      const subject = (endpoint: Endpoint): string => memberSubject(cluster, 'n1', endpoint);
      assert.deepEqual(await ask(subject('drill.pause'), { for_ms: 100 }), { said: 'it stands still' });
      const refused = (await ask(subject('drill.transfer'), {})) as { error: { message: string } };
      assert.match(refused.error.message, /it does not lead/);
      const tooLong = (await ask(subject('drill.pause'), { for_ms: 60_001 })) as { error: { message: string } };
      assert.match(tooLong.error.message, /for_ms is 60001; it must be between 0 \(the usual\) and 60000/);
      assert.deepEqual(ordered, [
        ['pause', 100],
        ['transfer', 3_000],
      ]);
    });

    test('where none are taken, their subjects do not exist; nor does anything of this on the cluster’s own', async () => {
      const { cluster } = await openDoor(false);
      await ask(memberSubject(cluster, 'n1', 'inspect.start'), { kye: 1 });
      for (const subject of [
        memberSubject(cluster, 'n1', 'drill.stop'),
        clusterSubject(cluster, 'drill.stop'),
        clusterSubject(cluster, 'inspect.start'),
      ]) {
        await assert.rejects(link.request(subject, encode({}), NO_HEADERS, 5_000), { reason: 'noResponders' });
      }
    });
  });
}
