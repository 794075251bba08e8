/** What the clients saw: every call and every answer, in the order of the world. */
import type { Recorded } from './checker.js';
import type { Input, Output, ReadInput } from './model.js';

/** A serializable read: answered by one member from what it has. */
export interface LocalRead {
  readonly member: string;
  readonly input: ReadInput;
  readonly output: Output;
  /** The highest revision this life had answered anybody when the read was asked. */
  readonly answeredBefore: number;
}

export interface History {
  /**
   * Begins an operation; gives the function that ends it. No output: nobody knows what happened. `tag` is the name
   * under which the log knows it, if it has one.
   */
  call(client: string, input: Input, tag: string | null): (output: Output | null) => void;
  readonly local: LocalRead[];
  /** Tags of what was refused in words that settle it: it must not have happened. */
  readonly refused: string[];
  /** What was unanswered gets the revision that `made` tells of it, by its tag. */
  operations(made: (tag: string) => number | null | undefined): readonly Recorded[];
}

export function createHistory(): History {
  const operations: Recorded[] = [];
  const tags = new Map<number, string>();
  let position = 0;
  return {
    call(client, input, tag) {
      const id = operations.length;
      const called = position++;
      if (tag !== null) tags.set(id, tag);
      operations.push({ id, client, input, called, answered: null });
      return (output) => {
        if (output === null) return;
        operations[id] = { id, client, input, called, answered: { at: position++, output } };
      };
    },
    local: [],
    refused: [],
    operations: (made) =>
      operations.map((operation) => {
        const tag = tags.get(operation.id);
        return operation.answered !== null || tag === undefined ? operation : { ...operation, made: made(tag) };
      }),
  };
}
