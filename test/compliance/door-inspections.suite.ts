/** What every door promises of inspections and drills; NATS and memory run the same cases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badRequest } from '../../machines/language/errors.js';
import type { Drill, InspectionFrame, InspectionRequest } from '../../machines/language/inspection.js';
import { limits } from '../../machines/language/limits.js';
import type { ClusterId } from '../../machines/language/vocabulary.js';
import type { DoorHandlers, InspectionStream } from '../../transport/ports.js';
import { clusterSubject, type Endpoint, memberSubject } from '../../transport/subjects.js';
import { describeDoors, type DoorWorld } from './doors.js';
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
  describeDoors(`inspections through ${name}`, begin, (doors) => {
    const openDoor = async (drills: boolean, drill: DoorHandlers['drill'] = () => assert.fail('no drill')) => {
      const cluster = doors.newCluster();
      const opened = queue<{ readonly stream: InspectionStream; readonly request: InspectionRequest }>();
      const gone = queue<'gone'>();
      const door = await doors.open(cluster, 'n1', {
        inspecting: (stream, request) => {
          opened.add({ stream, request });
          return { gone: () => gone.add('gone') };
        },
        drills,
        drill,
      });
      await door.serve(CLUSTER);
      return { cluster, opened, gone };
    };

    const ask = async (subject: string, body: unknown): Promise<unknown> =>
      decode((await doors.ask(subject, encode(body))).body);

    test('what is asked arrives with what is usual filled in; frames come numbered, none too large', async () => {
      const { cluster, opened, gone } = await openDoor(false);
      const subject = memberSubject(cluster, 'n1', 'inspect.start');
      // Until the door is heard of.
      await ask(subject, { kye: 1 });
      const frames = queue<InspectionFrame>();
      const stream = doors.link.stream(
        subject,
        encode({ filter: { actors: ['raft'], kinds: ['event'] } }),
        NO_HEADERS,
        {
          message: ({ body }) => frames.add(decode(body) as InspectionFrame),
          ended: (error) => assert.fail(error),
        },
      );
      const begun = await opened.next();
      assert.deepEqual(begun.request, {
        for_ms: 60_000,
        filter: { actors: ['raft'], kinds: ['event'], per_second: limits.inspection_per_second },
      });
      assert.ok(begun.stream.tell(told()));
      assert.deepEqual(await frames.next(), { number: 1, ...told() });
      const letter = { type: 'quorate.letter', createdAt: '1', way: 'sent', peer: 'n2' } as const;
      const large = { ...letter, message: { type: 'x'.repeat(100_000) } };
      const tooLarge = { ...letter, message: { type: 'x'.repeat(doors.link.max_payload) } };
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

    test('where none are taken, their subjects do not exist; the cluster’s own never do', async () => {
      const { cluster } = await openDoor(false);
      await ask(memberSubject(cluster, 'n1', 'inspect.start'), { kye: 1 });
      for (const subject of [
        memberSubject(cluster, 'n1', 'drill.stop'),
        clusterSubject(cluster, 'drill.stop'),
        clusterSubject(cluster, 'inspect.start'),
      ]) {
        await assert.rejects(doors.link.request(subject, encode({}), NO_HEADERS, 5_000), { reason: 'noResponders' });
      }
    });
  });
}
