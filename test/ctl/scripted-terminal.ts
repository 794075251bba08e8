/** A terminal whose input is given and whose output is kept. */
import type { Terminal } from '../../deploy/ctl/terminal.js';

export interface ScriptedTerminal extends Terminal {
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
}

export function scriptedTerminal(stdin = ''): ScriptedTerminal {
  const out: Uint8Array[] = [];
  let complaints = '';
  let rest = Buffer.from(stdin).toString('latin1');
  return {
    out: (chunk) => void out.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
    complain: (text) => void (complaints += text),
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
