/** What things are called in AWS. Names are fixed where another stack, account or person has to know them. */

import type { Deployable } from './config';
import type { AccountId, Region } from './config/kinds';

/** The functions. */
export const FUNCTIONS = ['poller', 'responder'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

export const functionName = (name: FunctionName): string => `portcullis-${name}`;
export const functionLogGroup = (name: FunctionName): string => `/aws/lambda/${functionName(name)}`;

/** API Gateway writes to log groups under `/aws/vendedlogs/` without a resource policy that grows with each of them. */
export const API_LOG_GROUP = '/aws/vendedlogs/portcullis-api';

export const BUS = 'portcullis';
export const QUEUE = 'portcullis-pushed';
export const DEAD_LETTER_QUEUE = 'portcullis-pushed-dead';
export const TOPIC = 'portcullis-alarms';
export const DASHBOARD = 'Portcullis';

/** The functions' own metrics, and those that are made of their logs. */
export const NAMESPACE = 'Portcullis';

export const SPOKE_STACK_SET = 'portcullis-spoke';
export const FORWARDING_STACK_SET = 'portcullis-forwarding';
export const FORWARDING_RULE = 'portcullis-forwarding';

/** Roles are global and the forwarding stacks are regional, so each has its region in its name. */
export const forwardingRole = (region: string): string => `portcullis-forward-${region}`;

/** The name of the role that a function runs as. */
export function executionRole({ roles }: Deployable, name: FunctionName): string {
  return roles.exist ? roles.hub : `${roles.hub}-${name}`;
}

/** `role/security/NAME`: the last part of a role's ARN. */
export function rolePart({ roles }: Deployable, name: string): string {
  return `role${roles.path}${name}`;
}

/** Where a stack lies. */
export interface Place {
  readonly account: AccountId;
  readonly region: Region;
}

export const home = ({ accounts, deploy }: Deployable): Place => ({
  account: accounts.automation,
  region: deploy.region,
});

/** Where the StackSets are made: in the management account, or by the automation account as its delegate. */
export const stackSetsHome = (config: Deployable): Place => ({
  account: config.deploy.delegatedAdministrator ? config.accounts.automation : config.deploy.managementAccount,
  region: config.deploy.region,
});
