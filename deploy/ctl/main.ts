/** quoratectl as a process. */
import { exitCodes } from './failure.js';
import { runCommandLine } from './run.js';
import { processTerminal } from './terminal.js';

/* A reader that has seen enough (`| head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? exitCodes.success : exitCodes.io),
);

const terminal = processTerminal();
process.exitCode = await runCommandLine(process.argv.slice(2), {
  terminal,
  environment: process.env,
  connect: async (globals) => (await import('./connect.js')).connectCluster(globals),
});
terminal.close();
