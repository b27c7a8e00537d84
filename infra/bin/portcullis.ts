/** What the CDK's command line runs. `-c config=PATH` names another configuration, `-c binaries=PATH` other binaries. */

import { join, resolve } from 'node:path';

import { App } from 'aws-cdk-lib';

import { populate, ROOT } from '../lib/app';
import { ConfigErrors, loadDeployable, NotReadable } from '../lib/config';
import { OutsideRepository } from '../lib/pipeline';
import { NotBuilt } from '../lib/portcullis/function';

/** Errors of which the message says all. */
const EXPECTED = [ConfigErrors, NotReadable, NotBuilt, OutsideRepository];

const app = new App({ analyticsReporting: false });

/** A path that the command line gave. */
function given(name: string, standard: string): string {
  const value: unknown = app.node.tryGetContext(name);
  return typeof value === 'string' && value !== '' ? resolve(value) : standard;
}

try {
  const configPath = given('config', join(ROOT, 'config.toml'));
  populate(app, loadDeployable(configPath), { configPath, binaries: given('binaries', join(ROOT, 'target/lambda')) });
} catch (error) {
  const expected = EXPECTED.some((kind) => error instanceof kind);
  console.error(expected ? (error as Error).message : error);
  process.exit(1);
}
