/** The disk as it is: node's files run the suites that every disk runs. */
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDisk } from '../../store/disk-files.js';
import { describeDisk } from '../compliance/disk.suite.js';
import { describeLog } from '../compliance/log.suite.js';
import { memoryDisk } from './memory-disk.js';

async function fileDisk() {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-disk-'));
  return { disk: new FileDisk(join(directory, 'n1')), done: () => rm(directory, { recursive: true }) };
}

async function disk() {
  return { disk: memoryDisk(), done: async () => undefined };
}

describeDisk('files', fileDisk);
describeDisk('the tests’ own', disk);
describeLog('files', fileDisk);
describeLog('the tests’ own disk', disk);
