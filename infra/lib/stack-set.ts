/** Stacks for every account of the organization: a service-managed StackSet, with its template inside. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { App, BootstraplessSynthesizer, CfnStackSet, type IStackSynthesizer, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployable } from './config';
import type { Region } from './config/kinds';

/** CloudFormation takes templates up to this size in bytes; larger ones it wants in a bucket. */
export const LARGEST_TEMPLATE = 51_200;

/** A StackSet that reaches the configured organizational units, and every account that is added to them. */
export function stackSet(
  scope: Construct,
  config: Deployable,
  {
    name,
    description,
    regions,
    resources,
  }: {
    name: string;
    description: string;
    regions: readonly Region[];
    /** What every account gets. */
    resources: (stack: Stack) => void;
  },
): CfnStackSet {
  const { deploy } = config;
  return new CfnStackSet(scope, 'StackSet', {
    stackSetName: name,
    description,
    permissionModel: 'SERVICE_MANAGED',
    callAs: deploy.delegatedAdministrator ? 'DELEGATED_ADMIN' : 'SELF',
    autoDeployment: { enabled: true, retainStacksOnAccountRemoval: false },
    capabilities: ['CAPABILITY_NAMED_IAM'],
    managedExecution: { Active: true },
    // An account that can't be reached must not keep the others from theirs.
    operationPreferences: {
      failureTolerancePercentage: 100,
      maxConcurrentPercentage: 100,
      regionConcurrencyType: 'PARALLEL',
    },
    stackInstancesGroup: [
      { deploymentTargets: { organizationalUnitIds: [...deploy.organizationalUnits] }, regions: [...regions] },
    ],
    templateBody: embedded(scope, description, resources),
  });
}

/** A template by itself, as text; synthesised by the settings of the app that it goes into. */
export function embedded(scope: Construct, description: string, resources: (stack: Stack) => void): string {
  // An app of its own, in a folder of its own: it must not write over what the CDK's command line reads.
  const outdir = mkdtempSync(join(tmpdir(), 'portcullis-'));
  const context: Record<string, unknown> = { ...scope.node.getAllContext(), 'aws:cdk:enable-path-metadata': false };
  const app = new App({ analyticsReporting: false, autoSynth: false, outdir, context });
  const stack = new Stack(app, 'Embedded', {
    description,
    synthesizer: new BootstraplessSynthesizer() as IStackSynthesizer,
  });
  resources(stack);
  const text = JSON.stringify(app.synth().getStackArtifact(stack.artifactId).template);
  rmSync(outdir, { recursive: true });
  const size = Buffer.byteLength(text);
  if (size > LARGEST_TEMPLATE) {
    throw new Error(
      `the template of the StackSet "${description}" has ${size} bytes, CloudFormation takes ${LARGEST_TEMPLATE}: make it smaller`,
    );
  }
  return text;
}
