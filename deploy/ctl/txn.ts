/** `txn`: comparisons, operations if all of them hold, operations if not; each part ends at an empty line. */
import type { Command } from 'commander';
import { badArguments } from './failure.js';
import { boolFlag } from './flags.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run } from './session.js';
import type { Terminal } from './terminal.js';
import { badInput, parseCompare } from './txn-compare.js';
import { parseOperation } from './txn-operation.js';

interface TxnFlags {
  readonly interactive: boolean;
}

const description = `Txn reads multiple requests from standard input and applies them as a single atomic transaction.

A transaction consists of three components:
1) a list of conditions,
2) a list of requests to apply if all the conditions are true,
3) a list of requests to apply if any condition is false.

Each list ends at an empty line. Example interactive stdin usage:

---
quoratectl txn -i
# compares:
mod("key1") > "0"

# success requests (get, put, del):
put key1 "overwrote-key1"

# failure requests (get, put, del):
put key1 "created-key1"
put key2 "some extra key"
---

A condition is target("key") op "value": the target is one of c|create, m|mod, ver|version, val|value and
lease (its value in hexadecimal), op is one of =, !=, < and >.`;

export const txnCommand = (open: OpenSession): Command =>
  defineCommand('txn', 'Txn processes all the requests in one transaction', open, txn)
    .usage('[options]')
    .summary(description)
    .addOption(boolFlag('-i, --interactive', false, 'Input transaction in interactive mode'));

const txn: Run<TxnFlags> = async (session, words, { interactive }) => {
  if (words.length > 0) throw badArguments('txn command does not accept argument');
  session.format();
  const { terminal } = session;
  const prompt = (text: string): void => {
    if (interactive) terminal.out(`${text}\n`);
  };
  prompt('compares:');
  const comparisons = await readLines(terminal, parseCompare);
  prompt('success requests (get, put, del):');
  const success = await readLines(terminal, (line) => parseOperation(line, terminal));
  prompt('failure requests (get, put, del):');
  const failure = await readLines(terminal, (line) => parseOperation(line, terminal));
  const response = await (await session.cluster()).txn({ comparisons, success, failure });
  (await session.printer()).txn(response);
};

/** What each line comes to, up to an empty one; without that the input broke off. */
async function readLines<T>(terminal: Terminal, parse: (line: string) => T | Promise<T>): Promise<T[]> {
  const parsed: T[] = [];
  for (;;) {
    const line = await terminal.readLine();
    if (line === undefined) throw badInput('EOF');
    const text = line.replace(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, '');
    if (text === '') return parsed;
    parsed.push(await parse(text));
  }
}
