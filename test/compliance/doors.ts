/** One implementation of doors and a link to them, for the cases of one suite. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe } from 'node:test';
import { type Epoch, memberId } from '../../machines/language/vocabulary.js';
import type { ClientDoor, ClientLink, DoorHandlers, LinkMessage } from '../../transport/ports.js';
import { LinkError } from '../../transport/ports.js';
import { uninspected } from '../model/uninspected.js';

/** Doors that links can reach. */
export interface DoorWorld {
  /** Not opened yet. */
  door(): ClientDoor;
  link(): Promise<ClientLink>;
  /** Hears what is published on a subject, from when this resolves on. */
  listen(subject: string, hear: (body: Uint8Array) => void): Promise<void>;
  readonly max_payload: number;
  readonly request_bytes_max: number;
  end(): Promise<void>;
}

export interface Doors {
  readonly world: DoorWorld;
  readonly link: ClientLink;
  /** A name that no case has had. */
  newCluster(): string;
  /** Opens a door, which is closed after the case. What the case does not hand in must not be asked for. */
  open(cluster: string, member: string, handlers: Partial<DoorHandlers>): Promise<ClientDoor>;
  /** Tries again while nobody serves: interest takes a moment to be known. */
  readonly ask: (subject: string, body: Uint8Array, headers?: ReadonlyMap<string, string>) => Promise<LinkMessage>;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

const nobody: DoorHandlers = {
  ...uninspected,
  asked: () => assert.fail('nobody asks'),
  watching: () => assert.fail('nobody watches'),
  link: () => undefined,
  refused: () => undefined,
  stats: () => ({}),
};

export function describeDoors(title: string, begin: () => Promise<DoorWorld>, cases: (doors: Doors) => void): void {
  describe(title, () => {
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

    let named = 0;
    let members = 0n;
    const opened: ClientDoor[] = [];
    afterEach(() => Promise.all(opened.splice(0).map((door) => door.close())));

    cases({
      get world() {
        return world;
      },
      get link() {
        return link;
      },
      newCluster: () => `c${++named}`,
      open: async (cluster_name, name, handlers) => {
        const door = world.door();
        opened.push(door);
        const member = { id: memberId(++members), name };
        await door.open({ member, cluster_name, epoch: 1 as Epoch }, { ...nobody, ...handlers });
        return door;
      },
      ask: async (subject, body, headers = NO_HEADERS) => {
        for (let attempt = 0; ; attempt++) {
          try {
            return await link.request(subject, body, headers, 5_000);
          } catch (error) {
            if (!(error instanceof LinkError) || error.reason !== 'noResponders' || attempt === 200) throw error;
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
      },
    });
  });
}
