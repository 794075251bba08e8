/**
 * The composition root: which adapter stands behind which port. One child container a node, so that several can live in
 * a process.
 */
import 'reflect-metadata';
import { container, type DependencyContainer } from 'tsyringe';
import type { Journal, NodePorts, NodeSettings } from '../actors/ports.js';
import { CLOCK, RANDOM } from '../machines/language/time.js';
import type { Clock, Random } from '../machines/language/time.js';
import { DIRECTORY_LOCK, SocketLock } from '../store/directory-lock.js';
import { FileDisk } from '../store/disk-files.js';
import { RocksEngineFactory } from '../store/engine-rocks.js';
import { DRAW_ID, FileIdentity, drawId } from '../store/identity.js';
import { MvccStore } from '../store/mvcc.js';
import {
  DATA_DIRECTORY,
  DISK,
  ENGINE_FACTORY,
  IDENTITY_STORE,
  KV_STORE,
  LOG_STORE,
  SNAPSHOT_STORE,
} from '../store/ports.js';
import type { IdentityStore, KvStore, LogStore, SnapshotStore } from '../store/ports.js';
import { LOG_OPTIONS, defaultLogOptions } from '../store/log-options.js';
import { RaftLog } from '../store/raft-log.js';
import { StateDirectories } from '../store/snapshot.js';
import type { ConnectionOptions } from '../transport/nats-credentials.js';
import { IsolatedPeers } from '../transport/isolated-peers.js';
import { NatsDoor } from '../transport/nats-door.js';
import { NATS_SETTINGS, NatsPeers } from '../transport/nats-peers.js';
import type { NatsSettings } from '../transport/nats-peers.js';
import { CLIENT_DOOR, PEER_TRANSPORT } from '../transport/ports.js';
import type { ClientDoor, PeerTransport } from '../transport/ports.js';
import { realClock, realRandom } from './clock.js';
import { faultsOf } from './drill.js';
import { openVitals } from './vitals.js';

export interface NodePlace {
  readonly directory: string;
  readonly access: ConnectionOptions;
  /** Null: peer frames are not authenticated. */
  readonly peerKey: Uint8Array | null;
  readonly settings: NodeSettings;
  readonly journal: Journal;
  /** Drills may be ordered. */
  readonly drill?: boolean;
}

/**
 * The ports of one node. Nothing is opened yet: the node's life does that, in its order. `adapt` puts other adapters
 * behind ports; only tests do.
 */
export function composeNode(
  { directory, access, peerKey, settings, journal, drill = false }: NodePlace,
  adapt: (node: DependencyContainer) => void = () => undefined,
): NodePorts {
  const node = container.createChildContainer();
  node.register<Clock>(CLOCK, { useValue: realClock });
  node.register<Random>(RANDOM, { useValue: realRandom });

  node.register(DATA_DIRECTORY, { useValue: directory });
  node.register(DISK, { useToken: FileDisk });
  node.register(ENGINE_FACTORY, { useToken: RocksEngineFactory });
  node.register(DIRECTORY_LOCK, { useValue: new SocketLock(directory) });
  node.register(DRAW_ID, { useValue: drawId });
  node.register(LOG_OPTIONS, { useValue: defaultLogOptions });
  node.register<IdentityStore>(IDENTITY_STORE, { useToken: FileIdentity });
  node.register<LogStore>(LOG_STORE, { useToken: RaftLog });
  node.register<KvStore>(KV_STORE, { useToken: MvccStore });
  node.register<SnapshotStore>(SNAPSHOT_STORE, { useToken: StateDirectories });

  node.register<NatsSettings>(NATS_SETTINGS, { useValue: natsSettings(access, peerKey, settings) });
  node.register<PeerTransport>(PEER_TRANSPORT, { useToken: NatsPeers });
  node.register<ClientDoor>(CLIENT_DOOR, { useToken: NatsDoor });

  adapt(node);
  const peers = node.resolve<PeerTransport>(PEER_TRANSPORT);
  const isolated = drill ? new IsolatedPeers(peers, realClock) : null;
  return {
    identity: node.resolve<IdentityStore>(IDENTITY_STORE),
    log: node.resolve<LogStore>(LOG_STORE),
    kv: node.resolve<KvStore>(KV_STORE),
    snapshots: node.resolve<SnapshotStore>(SNAPSHOT_STORE),
    peers: isolated ?? peers,
    door: node.resolve<ClientDoor>(CLIENT_DOOR),
    clock: realClock,
    random: realRandom,
    journal,
    vitals: openVitals(),
    drill: isolated === null ? null : faultsOf(isolated),
  };
}

const natsSettings = (
  connection: ConnectionOptions,
  peer_key: Uint8Array | null,
  settings: NodeSettings,
): NatsSettings => ({
  connection,
  silence_ms: settings.election_ticks * settings.tick_ms,
  peer_key,
  request_bytes_max: settings.request_bytes_max,
  version: settings.version,
});
