/** The app: from the configuration to the stacks. */

import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';

import type { Deployable } from './config';
import type { Inputs } from './portcullis/function';
import { addStacks } from './stacks';

/** Puts the stacks into an app, and has them checked when it is synthesised. */
export function populate(app: App, config: Deployable, inputs: Inputs): void {
  addStacks(app, config, inputs);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}
