/** `member list`: who is in the cluster. */
import type { Command } from 'commander';
import { textFlag } from './flags.js';
import { isSerializable } from './get.js';
import { defineCommand, defineGroup } from './session.js';
import type { OpenSession, Run } from './session.js';

interface MemberListFlags {
  readonly consistency: string;
}

const description = `When --write-out is set to simple, this command prints out comma-separated
member lists for each member. The items in the lists are ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.`;

export const memberCommand = (open: OpenSession, show: Run<unknown>): Command =>
  defineGroup('member', 'Membership related commands', open, show).addCommand(
    defineCommand('list', 'Lists all members in the cluster', open, list)
      .summary(description)
      .addOption(textFlag('--consistency', 'l', 'Linearizable(l) or Serializable(s)')),
  );

const list: Run<MemberListFlags> = async (session, _words, { consistency }) => {
  const linearizable = !isSerializable(consistency);
  session.format();
  const response = await (await session.cluster()).memberList({ linearizable });
  (await session.printer()).memberList(response);
};
