/** The stacks that forward events to the bus of the automation account, from every account and region. */

import { Aws, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { Effect, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

import type { Deployable } from '../config';
import { PATTERN } from '../events';
import { BUS, FORWARDING_RULE, FORWARDING_STACK_SET, forwardingRole, home } from '../names';
import { stackSet } from '../stack-set';

/**
 * The rule of one account and region, and its role. An event can't hop on to a third account, so each account forwards
 * its own.
 */
function forwarding(stack: Stack, config: Deployable): void {
  const { account, region } = home(config);
  const bus = `arn:${Aws.PARTITION}:events:${region}:${account}:event-bus/${BUS}`;
  const role = new Role(stack, 'ForwardingRole', {
    roleName: forwardingRole(Aws.REGION),
    path: config.roles.path,
    description: 'Portcullis: EventBridge forwards changes to security groups as this role',
    assumedBy: new ServicePrincipal('events.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: {
      portcullis: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'Forward',
            effect: Effect.ALLOW,
            actions: ['events:PutEvents'],
            resources: [bus],
          }),
        ],
      }),
    },
  });
  new CfnRule(stack, 'ForwardingRule', {
    name: FORWARDING_RULE,
    description: 'Portcullis: changes to security groups go to the automation account',
    state: 'ENABLED',
    eventPattern: {
      source: PATTERN.source,
      'detail-type': PATTERN.detailType,
      detail: PATTERN.detail,
    },
    targets: [{ id: 'bus', arn: bus, roleArn: role.roleArn }],
  });
}

/** Every member account, in the regions of `deploy.forward_regions`. */
export class ForwardingStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, props: StackProps) {
    super(scope, id, props);
    stackSet(this, config, {
      name: FORWARDING_STACK_SET,
      description: 'Portcullis: changes to security groups are forwarded to the automation account',
      regions: config.deploy.forwardRegions,
      resources: (stack) => forwarding(stack, config),
    });
  }
}

/** The management account, which StackSets never reach, in one region. */
export class ManagementForwardingStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, props: StackProps) {
    super(scope, id, props);
    forwarding(this, config);
  }
}
