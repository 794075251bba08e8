/** `version`: of this program, and of the API it speaks. */
import type { Command } from 'commander';
import { version } from '../version.js';
import { defineCommand } from './session.js';
import type { OpenSession } from './session.js';
import { apiVersion } from './usage.js';

export const versionCommand = (open: OpenSession): Command =>
  defineCommand('version', 'Prints the version of quoratectl', open, async ({ terminal }) => {
    terminal.out(`quoratectl version: ${version}\nAPI version: ${apiVersion}\n`);
  });
