/** What a node says of its traffic, its connections to NATS, and its process. */
import { hex16 } from '../../machines/language/bytes.js';
import { counters, gauge, gauges, type Row, type View } from './rows.js';

/** Heard within an election timeout. */
function isHeard({ peers, settings, now_ms }: View, member: Parameters<View['peers']['members']['get']>[0]): boolean {
  const heard_ms = peers.members.get(member)?.heard_ms ?? null;
  return heard_ms !== null && now_ms - heard_ms <= settings.election_ticks * settings.tick_ms;
}

export const networkRows: readonly Row[] = [
  counters('etcd_network_peer_sent_bytes_total', 'Bytes that were sent to each member.', ['To'], function* ({ peers }) {
    for (const [member, { sent_bytes }] of peers.members) yield [{ To: hex16(member) }, sent_bytes];
  }),
  counters(
    'etcd_network_peer_received_bytes_total',
    'Bytes that came from each member.',
    ['From'],
    function* ({ peers }) {
      for (const [member, { received_bytes }] of peers.members) yield [{ From: hex16(member) }, received_bytes];
    },
  ),
  gauges(
    'etcd_network_active_peers',
    'Whether a member was heard within an election timeout: of a leader all others, of a follower its leader.',
    ['Local', 'Remote'],
    (view) =>
      (view.facts?.partners ?? []).map((member) => [
        { Local: hex16(view.facts?.member ?? 0n), Remote: hex16(member) },
        isHeard(view, member) ? 1 : 0,
      ]),
  ),
  gauge('os_fd_used', 'File descriptors that the process has open.', ({ descriptors }) => descriptors?.used ?? null),
  gauge('os_fd_limit', 'File descriptors that it may have open.', ({ descriptors }) => descriptors?.limit ?? null),
  gauges(
    'quorate_event_loop_delay_seconds',
    'How late the event loop came to what was due, over the last 30 to 60 seconds; quantile 1 is the most.',
    ['quantile'],
    ({ signs }) => [
      [{ quantile: '0.5' }, signs.event_loop_delay_p50_ms / 1_000],
      [{ quantile: '0.99' }, signs.event_loop_delay_p99_ms / 1_000],
      [{ quantile: '1' }, signs.event_loop_delay_max_ms / 1_000],
    ],
  ),
  gauges('quorate_nats_connected', 'Whether a connection to NATS is there.', ['connection'], ({ links }) =>
    links.map(({ link, connected }) => [{ connection: link }, connected ? 1 : 0]),
  ),
  counters(
    'quorate_nats_reconnects_total',
    'Times that a connection to NATS was there again after it had broken.',
    ['connection'],
    ({ links }) => links.map(({ link, reconnects }) => [{ connection: link }, reconnects]),
  ),
  counters(
    'quorate_nats_slow_consumers_total',
    'Times that the NATS server said that a connection is not read fast enough.',
    ['connection'],
    ({ links }) => links.map(({ link, slow_consumers }) => [{ connection: link }, slow_consumers]),
  ),
];
