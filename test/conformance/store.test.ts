/** The cases against client, wire, door and store in this process, without raft between them. */
import { allGroups } from './cases/all.js';
import { startStoreNode } from './store-node.js';
import { runConformance } from './suite.js';

runConformance('conformance of the store behind a door', startStoreNode, allGroups);
