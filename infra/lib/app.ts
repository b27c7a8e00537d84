/** The app: from the configuration to the stacks. */

import { join } from 'node:path';

import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import type { Deployable } from './config';
import { home } from './names';
import { PipelineStack } from './pipeline';
import type { Inputs } from './portcullis/function';
import { addStacks } from './stacks';

/** Where the repository is. */
export const ROOT = join(__dirname, '../..');

/** Puts the stacks into an app (with a pipeline: the pipeline's, and the others below it), and has them checked. */
export function populate(app: App, config: Deployable, inputs: Inputs): void {
  const { pipeline } = config.deploy;
  if (pipeline === undefined) {
    addStacks(app, config, inputs);
  } else {
    new PipelineStack(app, 'PortcullisPipeline', config, pipeline, inputs, ROOT, {
      stackName: 'PortcullisPipeline',
      env: home(config),
      description: 'Portcullis: builds, tests and deploys it',
    });
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
