/** Findings of cdk-nag that stay, each with its reason. */

import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

import type { Deployable } from './config';
import { type Caller, wildcards } from './permissions';

/** Acknowledges a finding of the pack AwsSolutions on a construct and all below it. */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}

/** Acknowledges the wildcards of a role's policy. */
export function acknowledgeWildcards(construct: IConstruct, caller: Caller, config: Deployable): void {
  for (const { resource, reason } of wildcards(caller, config)) {
    acknowledge(construct, `IAM5[Resource::${resource}]`, reason);
  }
}
