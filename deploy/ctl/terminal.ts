/** Where a command reads from and writes to. */

export interface Terminal {
  out(chunk: string | Uint8Array): void;
  complain(text: string): void;
  /** All of standard input that is left. */
  readAll(): Promise<Uint8Array>;
  /** The next line of standard input with its line end; undefined when there is no whole one left. */
  readLine(): Promise<string | undefined>;
  /** What was given to `out` has been written when this returns. */
  flush(): void;
}

/** Standard input as latin-1 lines, so that every byte survives: callers turn them back into bytes. */
export function processTerminal(): Terminal & { close(): void } {
  let input: AsyncIterator<Buffer> | undefined;
  let pending = Buffer.alloc(0);
  let chunks: (string | Uint8Array)[] = [];
  const flush = (): void => {
    if (chunks.length > 0) process.stdout.write(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string))));
    chunks = [];
  };
  const readMore = async (): Promise<boolean> => {
    input ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const next = await input.next();
    if (next.done === true) return false;
    pending = Buffer.concat([pending, next.value]);
    return true;
  };
  return {
    out: (chunk) => void chunks.push(chunk),
    flush,
    /* Standard input that may still go on would keep the process. */
    close: () => void (input === undefined || process.stdin.destroy()),
    complain: (text) => {
      flush();
      process.stderr.write(text);
    },
    readAll: async () => {
      while (await readMore());
      const all = pending;
      pending = Buffer.alloc(0);
      return all;
    },
    readLine: async () => {
      flush();
      let end = pending.indexOf(0x0a);
      while (end < 0 && (await readMore())) end = pending.indexOf(0x0a);
      if (end < 0) return undefined;
      const line = pending.subarray(0, end + 1).toString('latin1');
      pending = pending.subarray(end + 1);
      return line;
    },
  };
}
