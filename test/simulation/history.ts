/** What the clients saw: every call and every answer, in the order of the world. */
import type { Recorded } from './checker.js';
import type { Input, Output } from './model.js';

/** A serializable read: answered by one member from what it has. */
export interface LocalRead {
  readonly member: string;
  readonly input: Extract<Input, { type: 'read' }>;
  readonly output: Output;
  /** The highest revision this life had answered anybody when the read was asked. */
  readonly answeredBefore: number;
}

export interface History {
  /** Begins an operation; gives the function that ends it. No output: nobody knows what happened. */
  call(client: string, input: Input): (output: Output | null) => void;
  readonly local: LocalRead[];
  readonly operations: readonly Recorded[];
}

export function createHistory(): History {
  const operations: Recorded[] = [];
  let position = 0;
  return {
    call(client, input) {
      const id = operations.length;
      const called = position++;
      operations.push({ id, client, input, called, answered: null });
      return (output) => {
        if (output === null) return;
        operations[id] = { id, client, input, called, answered: { at: position++, output } };
      };
    },
    local: [],
    operations,
  };
}
