/** The cases against a real etcd, where one is installed: so that etcd checks the suite. */
import { test } from 'node:test';
import { allGroups } from './cases/all.js';
import { etcdVersion, startEtcd } from './etcd-driver.js';
import { runConformance } from './suite.js';

const version = await etcdVersion();
if (version === undefined) test('conformance of etcd', { skip: 'no etcd on PATH' });
else runConformance(`conformance of etcd ${version}`, () => startEtcd(version), allGroups);
