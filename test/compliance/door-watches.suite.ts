/** What every door and link promise of streams of watches; NATS and memory run the same cases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import { type ClusterId, memberId } from '../../machines/language/vocabulary.js';
import {
  type WatchEvent,
  type WatchMessage,
  type WatchRequest,
  type WatchResponse,
  watchResponse,
} from '../../machines/language/watching.js';
import type { LinkError, LinkMessage, WatchOpening, WatchStream } from '../../transport/ports.js';
import { clusterSubject, memberSubject, watchSubject } from '../../transport/subjects.js';
import { headerNames } from '../../transport/wire.js';
import { decodeWatchMessage } from '../../transport/wire-watch.js';
import { encodeOpening, encodeWatchRequest } from '../../transport/wire-watch-requests.js';
import { describeDoors, type DoorWorld } from './doors.js';
import { queue } from './queue.js';

const CLUSTER = 12345678901234567890n as ClusterId;
const text = (from: string): Uint8Array => new TextEncoder().encode(from);
const read = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const PIECES: ReadonlyMap<string, string> = new Map([[headerNames.pieces, 'yes']]);
const header = { cluster_id: CLUSTER, member_id: memberId(7n), revision: 5, raft_term: 2, raft_index: 9 };

const opening: WatchOpening = {
  create: {
    ranges: [
      { key: text('foo'), range_end: text('') },
      { key: text('x'), range_end: text('z') },
    ],
    start_revision: 4,
    prev_kv: true,
    filters: ['noput'],
    progress_notify: true,
    fragment: true,
    watch_id: 3,
    initial_state: true,
    initial_after: text('foo'),
    after_index: 9,
  },
  window_bytes: 1000,
};

const message = (number: number, ...responses: WatchResponse[]): WatchMessage => ({
  header,
  number,
  responses,
  heartbeat: null,
  ended: '',
});

const event = (value: Uint8Array): WatchEvent => ({
  event: {
    type: 'put',
    kv: { key: text('foo'), create_revision: 2, mod_revision: 5, version: 3, value, lease: -1n },
    cause: 'user',
  },
  prev_kv: null,
});

export function doorWatchesSuite(name: string, begin: () => Promise<DoorWorld>): void {
  describeDoors(`streams of watches on ${name}`, begin, (doors) => {
    const openDoor = async (refused?: QuorateError) => {
      const cluster = doors.newCluster();
      const opened = queue<{ readonly stream: WatchStream; readonly opening: WatchOpening }>();
      const asked = queue<WatchRequest | 'gone'>();
      const door = await doors.open(cluster, 'n1', {
        watching: (stream, given) => {
          if (refused === undefined) opened.add({ stream, opening: given });
          else stream.refuse(refused);
          return { asked: (request) => asked.add(request), gone: () => asked.add('gone') };
        },
      });
      await door.serve(CLUSTER);
      return { door, cluster, opened, asked };
    };

    /** Tries again while nobody serves: interest takes a moment to be known. */
    const open = async (subject: string, body: Uint8Array) => {
      for (;;) {
        const heard = queue<LinkMessage | LinkError>();
        const stream = doors.link.stream(subject, body, PIECES, { message: heard.add, ended: heard.add });
        const first = await heard.next();
        if (!(first instanceof Error)) return { stream, first, next: heard.next };
        assert.equal(first.reason, 'noResponders');
        await new Promise((resolve) => setImmediate(resolve));
      }
    };

    test('an opening arrives as it was meant, its answers bring the subject that hears what follows', async () => {
      const { cluster, opened, asked } = await openDoor();
      const opened_by = open(memberSubject(cluster, 'n1', 'watch.create'), encodeOpening(opening, 'msgpack'));
      const { stream, opening: given } = await opened.next();
      assert.deepEqual(given, opening);
      const sent = message(
        1,
        watchResponse([3], 5, { created: true }),
        watchResponse([3], 5, { events: [event(text('v'))] }),
      );
      assert.ok(stream.send(sent) > 0);
      const { first, next } = await opened_by;
      assert.deepEqual(decodeWatchMessage(first.body), sent);
      const [session] = (first.reply ?? '').split('.').slice(-1);
      assert.equal(first.reply, watchSubject(cluster, 'n1', session ?? ''));
      const requests: WatchRequest[] = [
        { type: 'create', create: opening.create },
        { type: 'cancel', watch_id: 3 },
        { type: 'progress' },
        { type: 'acknowledge', number: 1 },
        { type: 'end' },
      ];
      for (const request of requests) {
        assert.ok(doors.link.publish(first.reply ?? '', encodeWatchRequest(request, 'json')));
        assert.deepEqual(await asked.next(), request);
      }
      const heartbeat = { ...message(1), heartbeat: { leader: true, behind: [3] }, ended: 'over' };
      stream.send(heartbeat);
      assert.deepEqual(decodeWatchMessage(((await next()) as LinkMessage).body), heartbeat);
    });

    test('JSON is answered in JSON that people can read, bytes that are no text as base64', async () => {
      const { door, cluster, opened } = await openDoor();
      door.hearLeader(true);
      const opened_by = open(clusterSubject(cluster, 'watch.create'), text('{"key":"foo"}'));
      const { stream, opening: given } = await opened.next();
      assert.deepEqual(given.create.ranges, [{ key: text('foo'), range_end: text('') }]);
      assert.equal(given.window_bytes, 0);
      stream.send(message(1, watchResponse([0], 5, { events: [event(Uint8Array.of(0xff))] })));
      const { first } = await opened_by;
      assert.deepEqual(JSON.parse(read(first.body)), {
        header: { cluster_id: CLUSTER.toString(), member_id: '7', revision: 5, raft_term: 2, raft_index: 9 },
        number: 1,
        responses: [
          {
            watch_ids: [0],
            revision: 5,
            created: false,
            canceled: false,
            compact_revision: 0,
            cancel_reason: '',
            fragment: false,
            initial: false,
            more: false,
            events: [
              {
                type: 'put',
                kv: {
                  key: 'foo',
                  create_revision: 2,
                  mod_revision: 5,
                  version: 3,
                  value: { base64: '/w==' },
                  lease: '-1',
                },
                prev_kv: null,
                cause: 'user',
              },
            ],
          },
        ],
      });
    });

    test('what is wrong is said: at the opening as an answer, later as a message', async () => {
      const { cluster, opened } = await openDoor();
      const subject = memberSubject(cluster, 'n1', 'watch.create');
      const { first: wrong } = await open(subject, text('{"kye":"foo"}'));
      assert.match(read(wrong.body), /"quorate: watch: unknown field \\"kye\\"; known: key, range_end/);
      assert.equal(wrong.headers.get('Nats-Service-Error-Code'), '400');
      const opened_by = open(subject, text('{}'));
      const { stream } = await opened.next();
      stream.send(message(1));
      const { first, next } = await opened_by;
      doors.link.publish(first.reply ?? '', text('{"creat":{}}'));
      const said = (await next()) as LinkMessage;
      assert.throws(
        () => decodeWatchMessage(said.body),
        /quorate: watch: unknown request "creat"; known: create, cancel/,
      );
      const { cluster: full } = await openDoor(errorOf('RequestTooManyRequests'));
      const { first: refused } = await open(memberSubject(full, 'n1', 'watch.create'), text('{}'));
      assert.throws(() => decodeWatchMessage(refused.body), /too many requests/);
    });

    test('a message beyond the payload comes in pieces and arrives whole', async () => {
      const { cluster, opened } = await openDoor();
      const opened_by = open(memberSubject(cluster, 'n1', 'watch.create'), encodeOpening(opening, 'msgpack'));
      const { stream } = await opened.next();
      const large = message(1, watchResponse([3], 5, { events: [event(new Uint8Array(3 * doors.world.max_payload))] }));
      const bytes = stream.send(large);
      assert.ok(bytes > 0, 'all of it left');
      const { first } = await opened_by;
      assert.equal(first.body.length, bytes);
      assert.deepEqual(decodeWatchMessage(first.body), large);
    });

    test('a stream that nobody listens to any more is told so', async () => {
      const { cluster, opened, asked } = await openDoor();
      const opened_by = open(memberSubject(cluster, 'n1', 'watch.create'), encodeOpening(opening, 'msgpack'));
      const { stream } = await opened.next();
      stream.send(message(1));
      const { stream: listening } = await opened_by;
      listening.close();
      stream.send(message(2));
      assert.equal(await asked.next(), 'gone');
      stream.close();
      assert.equal(stream.send(message(3)), 0);
    });

    test('where nobody hears a leader, nobody opens a stream', async () => {
      const { cluster } = await openDoor();
      const ended = queue<LinkError>();
      doors.link.stream(clusterSubject(cluster, 'watch.create'), text('{}'), PIECES, {
        message: () => assert.fail('nobody answers'),
        ended: ended.add,
      });
      assert.equal((await ended.next()).reason, 'noResponders');
    });
  });
}
