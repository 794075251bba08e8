/** A task scheduler: two workers share the tasks; one task fails at first, and its failed attempt is named. */
import { createTaskScheduler, openSession } from '../client/index.js';
import { connectToCluster, say } from './connecting.js';

const prefix = 'examples/tasks';
const client = await connectToCluster();
await client.kv.delete(`${prefix}/`, { prefix: true });
const scheduler = createTaskScheduler(client, prefix);

const stop = new AbortController();
const sessions = await Promise.all([openSession(client), openSession(client)]);
const working = sessions.map((session, at) =>
  scheduler.work(session, {
    name: `worker-${at + 1}`,
    signal: stop.signal,
    run: ({ work, attempt }) => {
      if (work === 'bake' && attempt === 1) throw new Error('the oven is cold');
      return `${String(work)}: done`;
    },
  }),
);

for (const work of ['mix', 'bake', 'eat']) {
  await scheduler.schedule(work, work);
  const states: string[] = [];
  for await (const task of scheduler.follow(work)) {
    if (states.at(-1) !== task.state) states.push(task.state);
    if (task.state !== 'Finished') continue;
    say(`${work}: ${states.join(' → ')}, after ${task.attempt} attempt(s): ${String(task.result)}`);
    for (const { attempt, error } of task.failures) say(`${work}: attempt ${attempt} failed: ${error}`);
  }
}
stop.abort();
await Promise.all(working);
await Promise.all(sessions.map((session) => session.close()));
await client.close();
