/** All stacks, each in its account and region, in the order in which they need each other. */

import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployable } from './config';
import { ForwardingStack, ManagementForwardingStack } from './forwarding/stacks';
import { home, type Place, stackSetsHome } from './names';
import type { Inputs } from './portcullis/function';
import { PortcullisStack } from './portcullis/stack';
import { ExecutionRolesStack, LakeReadRoleStack, ManagementSpokeRoleStack, SpokeRolesStack } from './roles/stacks';

/** Makes the stacks. */
export function addStacks(scope: Construct, config: Deployable, inputs: Inputs): void {
  const portcullis = new PortcullisStack(scope, 'Portcullis', config, inputs, {
    ...at(
      'Portcullis',
      home(config),
      'Portcullis: asks in Slack about security group openings, and reverts what is denied',
    ),
    terminationProtection: true,
  });
  if (!config.roles.exist) {
    addRoles(scope, config, portcullis);
  }
  if (config.deploy.forwarding) {
    addForwarding(scope, config, portcullis);
  }
  tag(scope, config);
}

/** Tags all below a construct, but what lies in a stage of its own. */
export function tag(scope: Construct, { deploy }: Deployable): void {
  for (const [key, value] of deploy.tags) {
    Tags.of(scope).add(key, value);
  }
}

/** The roles that are assumed name the execution roles, and IAM wants those to be there. */
function addRoles(scope: Construct, config: Deployable, portcullis: Stack): void {
  const { accounts, deploy } = config;
  const execution = new ExecutionRolesStack(
    scope,
    'PortcullisRoles',
    config,
    at('PortcullisRoles', home(config), 'Portcullis: the roles that its functions run as'),
  );
  const management = { account: deploy.managementAccount, region: deploy.region };
  const assumed: Stack[] = [
    new SpokeRolesStack(
      scope,
      'PortcullisSpokes',
      config,
      at('PortcullisSpokes', stackSetsHome(config), 'Portcullis: the spoke role of every member account'),
    ),
    new ManagementSpokeRoleStack(
      scope,
      'PortcullisManagementSpoke',
      config,
      at('PortcullisManagementSpoke', management, 'Portcullis: the spoke role of the management account'),
    ),
  ];
  if (config.lake !== undefined) {
    const organization = { account: accounts.organization, region: deploy.region };
    assumed.push(
      new LakeReadRoleStack(
        scope,
        'PortcullisLakeRole',
        config,
        at('PortcullisLakeRole', organization, 'Portcullis: the role that reads the lake'),
      ),
    );
  }
  for (const stack of [portcullis, ...assumed]) {
    stack.addStackDependency(execution);
  }
}

/** The rules want the bus to be there. */
function addForwarding(scope: Construct, config: Deployable, portcullis: Stack): void {
  const { managementAccount, forwardRegions } = config.deploy;
  const stacks: Stack[] = [
    new ForwardingStack(
      scope,
      'PortcullisForwarding',
      config,
      at('PortcullisForwarding', stackSetsHome(config), 'Portcullis: forwards events from every member account'),
    ),
    ...forwardRegions.map((region) => {
      const name = `PortcullisManagementForwarding-${region}`;
      const env = { account: managementAccount, region };
      return new ManagementForwardingStack(
        scope,
        name,
        config,
        at(name, env, 'Portcullis: forwards events from the management account'),
      );
    }),
  ];
  for (const stack of stacks) {
    stack.addStackDependency(portcullis);
  }
}

function at(stackName: string, env: Place, description: string): StackProps {
  return { stackName, env, description };
}
