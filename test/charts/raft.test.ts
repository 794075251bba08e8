/** The stories about the raft chart, told of the chart as it is. */
import test from 'node:test';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { stagesOf } from './raft-stage.js';
import { allStories } from './raft-stories.js';

for (const [name, story] of allStories) test(name, () => story(stagesOf(raftMachine)));
