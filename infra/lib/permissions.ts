/**
 * Who may what: `shared/aws-calls.json` lists the calls, this file says on what. There is no other source of policies for
 * the functions, the Lake read role and the spoke role.
 */

import { Aws } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';

import calls from '../../shared/aws-calls.json';
import type { Deployable, Lake, SecretRef } from './config';
import { type FunctionName, functionLogGroup, home, QUEUE, rolePart } from './names';

/** A role of which the calls are listed. */
export type Caller = 'poller' | 'responder' | 'lake_read' | 'spoke';

/** What a call is about, as the list names it. */
const RESOURCE_KINDS = [
  'table',
  'table_indexes',
  'spoke_roles',
  'lake_read_role',
  'writing_secrets',
  'signing_secrets',
  'writing_parameters',
  'signing_parameters',
  'pushed_queue',
  'log_group',
  'event_data_store',
  'security_groups',
  'everything',
] as const;
type ResourceKind = (typeof RESOURCE_KINDS)[number];

function resourceKind(name: string): ResourceKind {
  const kind = RESOURCE_KINDS.find((known) => known === name);
  if (kind === undefined) {
    throw new Error(
      `shared/aws-calls.json names resources of the kind "${name}", which lib/permissions.ts does not know`,
    );
  }
  return kind;
}

/** ARNs, the condition under which they are meant, and why there is a wildcard in them, where there is one. */
interface Resources {
  readonly arns: readonly string[];
  readonly conditions?: Record<string, Record<string, string>>;
  readonly wildcard?: string;
}

/** What CloudFormation fills in. */
interface Pseudo {
  readonly partition: string;
  /** The account of the stack. */
  readonly account: string;
}

/** The statements of a role's policy, one a kind of resource. Kinds that this configuration has none of are left out. */
export function statementsFor(caller: Caller, config: Deployable): PolicyStatement[] {
  const pseudo = { partition: Aws.PARTITION, account: Aws.ACCOUNT_ID };
  return [...byKind(caller)].flatMap(([kind, actions]) => {
    const { arns, conditions = {} } = resources(kind, caller, config, pseudo);
    if (arns.length === 0) {
      return [];
    }
    const sid = kind
      .split('_')
      .map((word) => word[0]?.toUpperCase() + word.slice(1))
      .join('');
    return [
      new PolicyStatement({
        sid,
        effect: Effect.ALLOW,
        actions: [...actions],
        resources: [...new Set(arns)],
        conditions,
      }),
    ];
  });
}

/** The resources with a wildcard in a role's policy, as cdk-nag writes them, each with its reason. */
export function wildcards(
  caller: Caller,
  config: Deployable,
): { readonly resource: string; readonly reason: string }[] {
  const pseudo = { partition: '<AWS::Partition>', account: '<AWS::AccountId>' };
  return [...byKind(caller).keys()].flatMap((kind) => {
    const { arns, wildcard } = resources(kind, caller, config, pseudo);
    return wildcard === undefined ? [] : arns.map((resource) => ({ resource, reason: wildcard }));
  });
}

function byKind(caller: Caller): ReadonlyMap<ResourceKind, readonly string[]> {
  const listed = new Map<ResourceKind, string[]>();
  for (const { action, on } of calls[caller]) {
    const kind = resourceKind(on);
    listed.set(kind, [...(listed.get(kind) ?? []), action]);
  }
  return listed;
}

function resources(kind: ResourceKind, caller: Caller, config: Deployable, pseudo: Pseudo): Resources {
  const { accounts, roles, lake, store, deploy, slack } = config;
  const { partition } = pseudo;
  const { account, region } = home(config);
  const here = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${account}:${rest}`;
  const role = (owner: string, name: string) => `arn:${partition}:iam::${owner}:${rolePart(config, name)}`;
  switch (kind) {
    case 'table':
      return { arns: [here('dynamodb', `table/${store.table}`)] };
    case 'table_indexes':
      return { arns: ['due', 'open'].map((index) => here('dynamodb', `table/${store.table}/index/${index}`)) };
    case 'spoke_roles':
      return {
        arns: [role('*', roles.spoke)],
        conditions: { StringEquals: { 'aws:ResourceOrgID': deploy.organizationId } },
        wildcard:
          'Any account: those of the organization are not known here, and change. aws:ResourceOrgID holds it to them.',
      };
    case 'lake_read_role':
      return { arns: lake === undefined ? [] : [role(accounts.organization, roles.lakeRead)] };
    case 'writing_secrets':
      return { arns: [writing(config)].flatMap((reference) => secretArns(reference, here)), wildcard: SUFFIX };
    case 'signing_secrets':
      return { arns: slack.signingSecrets.flatMap((reference) => secretArns(reference, here)), wildcard: SUFFIX };
    case 'writing_parameters':
      return { arns: [writing(config)].flatMap((reference) => parameterArns(reference, here)) };
    case 'signing_parameters':
      return { arns: slack.signingSecrets.flatMap((reference) => parameterArns(reference, here)) };
    case 'pushed_queue':
      return { arns: deploy.forwarding ? [here('sqs', QUEUE)] : [] };
    case 'log_group':
      return {
        arns: [here('logs', `log-group:${functionLogGroup(caller as FunctionName)}:log-stream:*`)],
        wildcard: 'Every stream of the one log group: Lambda chooses the names of the streams.',
      };
    case 'event_data_store':
      return { arns: lake === undefined ? [] : eventDataStore(lake, config, partition) };
    case 'security_groups':
      return {
        arns: [`arn:${partition}:ec2:*:${pseudo.account}:security-group/*`],
        wildcard:
          "Every group of the role's own account: which one an opening is in is not known before. Each session is scoped " +
          'down to one group.',
      };
    case 'everything':
      return { arns: ['*'], wildcard: 'EC2 has no resource to scope DescribeSecurityGroupRules to.' };
  }
}

const SUFFIX = "Secrets Manager adds a hyphen and six characters to a secret's name: they are not known here.";

/**
 * An organization's store lies in the management account, also where a delegated administrator made it and queries it:
 * which of the two is in its ARN is not known here.
 */
function eventDataStore(lake: Lake, { accounts, deploy }: Deployable, partition: string): string[] {
  return [accounts.organization, deploy.managementAccount].map(
    (owner) => `arn:${partition}:cloudtrail:${lake.region}:${owner}:eventdatastore/${lake.eventDataStore}`,
  );
}

/** The secret that both functions need. */
function writing({ slack: { delivery } }: Deployable): SecretRef {
  switch (delivery.kind) {
    case 'bot':
      return delivery.token;
    case 'webhook':
      return delivery.url;
  }
}

/** An ARN may be given without what Secrets Manager adds to the name. */
function secretArns(reference: SecretRef, here: (service: string, rest: string) => string): string[] {
  switch (reference.kind) {
    case 'secretsmanager': {
      const { name } = reference;
      if (/^arn:/.test(name)) {
        return [/-[A-Za-z0-9]{6}$/.test(name) ? name : `${name}-??????`];
      }
      return [here('secretsmanager', `secret:${name}-??????`)];
    }
    case 'ssm':
    case 'env':
      return [];
  }
}

function parameterArns(reference: SecretRef, here: (service: string, rest: string) => string): string[] {
  switch (reference.kind) {
    case 'ssm': {
      const { name } = reference;
      return [/^arn:/.test(name) ? name : here('ssm', `parameter/${name.replace(/^\//, '')}`)];
    }
    case 'secretsmanager':
    case 'env':
      return [];
  }
}
