/** The roles that the functions assume: the spoke role of an account, and the Lake read role. */

import { Aws } from 'aws-cdk-lib';
import { ArnPrincipal, CompositePrincipal, PolicyDocument, PrincipalWithConditions, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

import { acknowledgeWildcards } from '../acknowledge';
import type { Deployable } from '../config';
import { executionRole, type FunctionName, rolePart } from '../names';
import { statementsFor } from '../permissions';

/** The role in an account whose rules may be described and revoked. */
export function spokeRole(scope: Construct, config: Deployable): Role {
  const role = new Role(scope, 'SpokeRole', {
    roleName: config.roles.spoke,
    path: config.roles.path,
    description: 'Portcullis: describes security group rules, and revokes ingress that was denied',
    assumedBy: trusted(config, ['poller', 'responder']),
    inlinePolicies: { portcullis: new PolicyDocument({ statements: statementsFor('spoke', config) }) },
  });
  acknowledgeWildcards(role, 'spoke', config);
  return role;
}

/** The role in the organization account that may query the event data store. */
export function lakeReadRole(scope: Construct, config: Deployable): Role {
  const role = new Role(scope, 'LakeReadRole', {
    roleName: config.roles.lakeRead,
    path: config.roles.path,
    description: 'Portcullis: queries the event data store of CloudTrail Lake',
    assumedBy: trusted(config, ['poller']),
    inlinePolicies: { portcullis: new PolicyDocument({ statements: statementsFor('lake_read', config) }) },
  });
  acknowledgeWildcards(role, 'lake_read', config);
  return role;
}

/** Exactly these execution roles, as members of the organization, with the external id where there is one. */
function trusted(config: Deployable, functions: readonly FunctionName[]): PrincipalWithConditions {
  const { accounts, deploy, roles } = config;
  const arn = (name: FunctionName) =>
    `arn:${Aws.PARTITION}:iam::${accounts.automation}:${rolePart(config, executionRole(config, name))}`;
  return new PrincipalWithConditions(new CompositePrincipal(...functions.map((name) => new ArnPrincipal(arn(name)))), {
    StringEquals: {
      'aws:PrincipalOrgID': deploy.organizationId,
      ...(roles.externalId !== undefined && { 'sts:ExternalId': roles.externalId }),
    },
  });
}
