/** All stories about the raft chart. */
import { causesStories } from './raft-causes.stories.js';
import { cornersStories } from './raft-corners.stories.js';
import { electionStories } from './raft-election.stories.js';
import { everywhereStories } from './raft-everywhere.stories.js';
import { leaderStories } from './raft-leader.stories.js';
import { logStories } from './raft-log.stories.js';
import { rolesStories } from './raft-roles.stories.js';
import type { Stories } from './raft-stage.js';

export const allStories: Stories = new Map([
  ...electionStories,
  ...causesStories,
  ...logStories,
  ...leaderStories,
  ...everywhereStories,
  ...rolesStories,
  ...cornersStories,
]);
