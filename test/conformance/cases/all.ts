/** The groups in the order in which they run. */
import { comparisons } from './comparisons.js';
import { compaction } from './compaction.js';
import { leases } from './leases.js';
import { limits } from './limits.js';
import { range } from './range.js';
import { revisions } from './revisions.js';
import { transactionChecks } from './transaction-checks.js';
import { transactions } from './transactions.js';
import { writes } from './writes.js';

export const allGroups = [
  revisions,
  range,
  writes,
  transactions,
  transactionChecks,
  comparisons,
  leases,
  limits,
  compaction,
];
