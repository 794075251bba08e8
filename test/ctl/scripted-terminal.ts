/** A terminal whose input is given and whose output is kept. */
import { runChild } from '../../deploy/ctl/children.js';
import type { Terminal } from '../../deploy/ctl/terminal.js';

export interface ScriptedTerminal extends Terminal {
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
  /** As SIGINT and SIGTERM do. */
  interrupt(signal: 'SIGINT' | 'SIGTERM'): void;
}

export function scriptedTerminal(stdin = ''): ScriptedTerminal {
  const out: Uint8Array[] = [];
  let complaints = '';
  const interruption = new AbortController();
  let rest = Buffer.from(stdin).toString('latin1');
  const tell = (chunk: string | Uint8Array): void =>
    void out.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  const complain = (text: string): void => void (complaints += text);
  return {
    out: tell,
    complain,
    columns: undefined,
    interruption: () => interruption.signal,
    interrupt: (signal) => interruption.abort(signal),
    run: (child) => runChild(child, { out: tell, complain }),
    flush: () => undefined,
    readAll: async () => {
      const all = Buffer.from(rest, 'latin1');
      rest = '';
      return all;
    },
    readLine: async () => {
      const end = rest.indexOf('\n') + 1;
      if (end === 0) return undefined;
      const line = rest.slice(0, end);
      rest = rest.slice(end);
      return line;
    },
    stdout: () => Buffer.concat(out),
    stderr: () => complaints,
  };
}
