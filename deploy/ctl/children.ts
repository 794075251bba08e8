/** Programs that a command runs for its user: how they are started, and how their end is told in Go's words. */
import { spawn } from 'node:child_process';

export interface ChildRun {
  /** The program and its arguments. */
  readonly words: readonly string[];
  /** Beside the variables of our own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Asks it to end (SIGTERM). */
  readonly signal?: AbortSignal | undefined;
}

export interface ChildEnd {
  readonly code: number;
  /** Empty when the program ended well. */
  readonly error: string;
}

/** Where a child's output goes: to ours, or to a listener. */
export type ChildOutput = 'inherit' | { out(chunk: Uint8Array): void; complain(text: string): void };

/** What a shell shows of a program that a signal ended, as far as Go's os.Exit can say it. */
const KILLED_CODE = 255;

export function runChild({ words, environment, signal }: ChildRun, output: ChildOutput): Promise<ChildEnd> {
  const [program = '', ...rest] = words;
  const pipe = output === 'inherit' ? 'inherit' : 'pipe';
  const child = spawn(program, rest, { stdio: ['ignore', pipe, pipe], env: { ...process.env, ...environment } });
  if (output !== 'inherit') {
    child.stdout?.on('data', (chunk: Uint8Array) => output.out(chunk));
    child.stderr?.on('data', (chunk: Uint8Array) => output.complain(String(chunk)));
  }
  const end = (): void => void child.kill('SIGTERM');
  if (signal?.aborted === true) end();
  else signal?.addEventListener('abort', end);
  return new Promise<ChildEnd>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve({ code: 1, error: startError(program, error) }));
    child.once('close', (code, killedBy) => resolve(endOf(code, killedBy)));
  }).finally(() => signal?.removeEventListener('abort', end));
}

function startError(program: string, error: NodeJS.ErrnoException): string {
  if (!program.includes('/')) return `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
  const why = error.code === 'ENOENT' ? 'no such file or directory' : 'permission denied';
  return `fork/exec ${program}: ${why}`;
}

const signalWords: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGPIPE: 'broken pipe',
  SIGQUIT: 'quit',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
};

function endOf(code: number | null, killedBy: NodeJS.Signals | null): ChildEnd {
  if (code !== null) return { code, error: code === 0 ? '' : `exit status ${code}` };
  return { code: KILLED_CODE, error: `signal: ${signalWords[killedBy ?? ''] ?? String(killedBy)}` };
}
