/** Where a command reads from and writes to. */
import { runChild } from './children.js';
import type { ChildEnd, ChildRun } from './children.js';
import { CommandFailure, exitCodes } from './failure.js';

export interface Terminal {
  out(chunk: string | Uint8Array): void;
  complain(text: string): void;
  /** All of standard input that is left. */
  readAll(): Promise<Uint8Array>;
  /** The next line of standard input with its line end; undefined when there is no whole one left. */
  readLine(): Promise<string | undefined>;
  /** What was given to `out` has been written when this returns. */
  flush(): void;
  /** In characters; undefined where the output is no terminal. */
  readonly columns: number | undefined;
  /**
   * Aborts when the program is asked to end; its reason is `SIGINT` or `SIGTERM`. Before the first call of this it ends
   * at once.
   */
  interruption(): AbortSignal;
  /** Runs a program that reads nothing and whose output is ours. Resolves when it has ended. */
  run(child: ChildRun): Promise<ChildEnd>;
}

/** More than any request may be. */
const INPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Standard input as latin-1 lines, so that every byte survives: callers turn them back into bytes. */
export function processTerminal(): Terminal & { close(): void } {
  let input: AsyncIterator<Buffer> | undefined;
  /** What was read and not handed out, joined when it is looked at. */
  let read: Buffer[] = [];
  let read_bytes = 0;
  const pending = (): Buffer => {
    const joined = Buffer.concat(read);
    read = [joined];
    return joined;
  };
  const keep = (rest: Buffer): void => {
    read = [rest];
    read_bytes = rest.length;
  };
  let chunks: (string | Uint8Array)[] = [];
  const flush = (): void => {
    if (chunks.length > 0) process.stdout.write(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string))));
    chunks = [];
  };
  const readMore = async (): Promise<boolean> => {
    input ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const next = await input.next();
    if (next.done === true) return false;
    read.push(next.value);
    read_bytes += next.value.length;
    if (read_bytes > INPUT_BYTES_MAX) {
      const most = INPUT_BYTES_MAX / (1024 * 1024);
      throw new CommandFailure(
        exitCodes.badArguments,
        `standard input: more than ${most} MiB, and no request may be so large`,
      );
    }
    return true;
  };
  return {
    out: (chunk) => void chunks.push(chunk),
    flush,
    columns: process.stdout.columns,
    interruption: interruptions(),
    run: (child) => {
      flush();
      return runChild(child, 'inherit');
    },
    /* Standard input that may still go on would keep the process. */
    close: () => void (input === undefined || process.stdin.destroy()),
    complain: (text) => {
      flush();
      process.stderr.write(text);
    },
    readAll: async () => {
      while (await readMore());
      const all = pending();
      keep(Buffer.alloc(0));
      return all;
    },
    readLine: async () => {
      flush();
      let end = pending().indexOf(0x0a);
      while (end < 0 && (await readMore())) {
        const at = read.at(-1)?.indexOf(0x0a) ?? -1;
        if (at >= 0) end = pending().indexOf(0x0a);
      }
      if (end < 0) return undefined;
      const all = pending();
      keep(all.subarray(end + 1));
      return all.subarray(0, end + 1).toString('latin1');
    },
  };
}

/** Who waits for the interruption ends in good order at the first one; a second one ends the process all the same. */
function interruptions(): () => AbortSignal {
  let waiting: AbortController | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (waiting === undefined || waiting.signal.aborted) process.exit(exitCodes.interrupted);
    waiting.abort(signal);
  };
  process.on('SIGINT', interrupt);
  return () => {
    if (waiting === undefined) process.on('SIGTERM', interrupt);
    waiting ??= new AbortController();
    return waiting.signal;
  };
}
