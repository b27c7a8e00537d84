/** `config.toml`: the one input of this app. */

import { readFileSync } from 'node:fs';

import type { Config, Deployable } from './config';
import { ConfigErrors, NotReadable } from './errors';
import { readConfig } from './read';

export * from './config';
export { ConfigErrors, NotReadable } from './errors';
export { readConfig } from './read';
export type { SecretRef } from './secret';

/** Reads a file. Throws {@link ConfigErrors} that name it, or {@link NotReadable}. */
export function loadConfig(path: string, toDeploy = false): Config {
  let toml: string;
  try {
    toml = readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NotReadable(`${path} can't be read: ${why}. Put config.toml there, or name another path: -c config=PATH`);
  }
  try {
    return readConfig(toml, toDeploy);
  } catch (error) {
    throw error instanceof ConfigErrors ? error.inFile(path) : error;
  }
}

/** Reads a file that says how it is deployed. */
export function loadDeployable(path: string): Deployable {
  const config = loadConfig(path, true);
  if (config.deploy === undefined) {
    throw new Error(`${path} has no section [deploy], and was taken all the same`);
  }
  return { ...config, deploy: config.deploy };
}
