/** `config.toml`: the one input of this app. */

import { readFileSync } from 'node:fs';

import type { Config, Deployable } from './config';
import { ConfigErrors } from './errors';
import { readConfig } from './read';

export * from './config';
export { ConfigErrors } from './errors';
export { readConfig } from './read';
export type { SecretRef } from './secret';

/** Reads a file. Throws {@link ConfigErrors} that name it, or what is wrong with the file. */
export function loadConfig(path: string): Config {
  let toml: string;
  try {
    toml = readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${path} can't be read: ${why}. Put config.toml there, or name another path: -c config=PATH`);
  }
  try {
    return readConfig(toml);
  } catch (error) {
    throw error instanceof ConfigErrors ? error.inFile(path) : error;
  }
}

/** Reads a file that says how it is deployed. */
export function loadDeployable(path: string): Deployable {
  const config = loadConfig(path);
  if (config.deploy === undefined) {
    const problem =
      'is missing; add the section [deploy] with region, organization_id and organizational_units (see infra/README.md)';
    throw new ConfigErrors([{ place: { kind: 'key', key: 'deploy' }, problem }], path);
  }
  return { ...config, deploy: config.deploy };
}
