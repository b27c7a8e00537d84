/** The stacks of the roles. Where FleetAccess made the roles there are none. */

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

import type { Deployable } from '../config';
import { executionRole, FUNCTIONS, functionName, SPOKE_STACK_SET } from '../names';
import { stackSet } from '../stack-set';
import { lakeReadRole, spokeRole } from './assumed';

/** The roles that the functions run as. What they may do is in the stack Portcullis. */
export class ExecutionRolesStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, props: StackProps) {
    super(scope, id, props);
    for (const name of FUNCTIONS) {
      const role = new Role(this, name, {
        roleName: executionRole(config, name),
        path: config.roles.path,
        description: `Portcullis: the function ${functionName(name)} runs as this role`,
        assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      });
      new CfnOutput(this, `${name}RoleArn`, { value: role.roleArn });
    }
  }
}

/** The role that reads the lake, in the account that owns the event data store. */
export class LakeReadRoleStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, props: StackProps) {
    super(scope, id, props);
    lakeReadRole(this, config);
  }
}

/** The spoke role of every member account. Roles are global, so one region is enough. */
export class SpokeRolesStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, props: StackProps) {
    super(scope, id, props);
    stackSet(this, config, {
      name: SPOKE_STACK_SET,
      description: 'Portcullis: the role that describes security group rules, and revokes ingress that was denied',
      regions: [config.deploy.region],
      resources: (stack) => spokeRole(stack, config),
    });
  }
}

/** The spoke role of the management account, which StackSets never reach. */
export class ManagementSpokeRoleStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, props: StackProps) {
    super(scope, id, props);
    spokeRole(this, config);
  }
}
