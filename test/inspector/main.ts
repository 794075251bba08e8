/** Shows the page over a pretend cluster on the port that is given, to look at while working on it. */
import type { InspectionFrame } from '../../machines/language/inspection.js';
import { servePage } from './page-server.js';
import { startPretendCluster } from './pretend-cluster.js';

const down_ms = 6_000;
const firsts = new Map<string, InspectionFrame>();
const heard = (): { name: string; heard: boolean; drill: boolean }[] =>
  pretend.cluster.members.map(({ name, node }) => ({ name, heard: node !== null, drill: true }));
const membersNow = () => ({ kind: 'members', cluster: 'pretend', members: heard() }) as const;
const server = await servePage(
  () => [membersNow(), ...[...firsts.values()].map((frame) => ({ kind: 'frame', frame }) as const)],
  (asked) => {
    const { member, drill } = asked as { member: string; drill: string };
    const found = pretend.member(member);
    if (drill !== 'stop') return { ok: false, error: `the pretend cluster knows no ${drill}` };
    pretend.cluster.stop(found, false);
    server.send(membersNow());
    setTimeout(() => {
      pretend.begin(found);
      server.send(membersNow());
    }, down_ms);
    return { ok: true, said: `${member} is down for ${down_ms / 1000} s` };
  },
  Number(process.argv[2] ?? 0),
);
const pretend = startPretendCluster((frame) => {
  if (frame.number === 1) firsts.set(frame.member, frame);
  server.send({ kind: 'frame', frame });
});
process.stdout.write(`${server.url}\n`);
