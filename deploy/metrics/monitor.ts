/** What a node shows to whoever scrapes and probes it, from before it joins its cluster until it has closed. */
import { readdirSync, readFileSync } from 'node:fs';
import type { RunningNode } from '../../actors/node.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import { STORAGE_VERSION } from '../../actors/answers.js';
import { LinkError, type DoorMeters, type PeerMeters } from '../../transport/ports.js';
import { createExposition } from './exposition.js';
import { createHealth } from './health.js';
import type { HealthCounts } from './health.js';
import type { Listener } from './listener.js';
import { answerPage } from './pages.js';
import type { View } from './rows.js';

export function showNode(listener: Listener, node: RunningNode, ports: NodePorts, settings: NodeSettings): void {
  const health = createHealth(node, settings);
  const exposition = createExposition(() => look(node, ports, settings, health.counts));
  const pages = { node, health, exposition, version: settings.version, storageVersion: STORAGE_VERSION };
  listener.answer((request, response) => void answerPage(pages, request, response));
}

const closedDoor: DoorMeters = { served: new Map(), streams_opened: 0, links: [] };
const closedPeers: PeerMeters = { members: new Map(), heartbeats_unsent: 0, links: [] };

function look(node: RunningNode, ports: NodePorts, settings: NodeSettings, health: HealthCounts): View {
  const { vitals, log, clock } = ports;
  const door = whenOpen(() => ports.door.meters, closedDoor);
  const peers = whenOpen(() => ports.peers.meters, closedPeers);
  return {
    settings,
    facts: node.facts(),
    counts: vitals.counts,
    signs: vitals.read(),
    door,
    peers,
    links: [...peers.links, ...door.links],
    log_written_bytes: log.written_bytes,
    health,
    descriptors: descriptors(),
    now_ms: clock.now_ms(),
  };
}

function whenOpen<T>(read: () => T, closed: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LinkError && error.reason === 'closed') return closed;
    throw error;
  }
}

function descriptors(): View['descriptors'] {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    // Reading the directory opens one.
    return { used: readdirSync('/proc/self/fd').length - 1, limit: Number(limit) };
  } catch {
    return null; // no /proc here
  }
}
