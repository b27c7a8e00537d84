/** `[deploy]`: what only this app reads, and what it asks of the other sections. */

import { alwaysEnabled, partitionOf } from '../partition';
import type { AlarmsTo, Deploy, Pipeline, PipelineSource, Roles, Slack, Timing } from './config';
import type { Errors } from './errors';
import { Key } from './errors';
import * as kinds from './kinds';
import { boolean, integer, list, type Section, text } from './reader';
import type { SecretRef } from './secret';

/** What other sections say, as far as it could be read. */
export interface Others {
  /** `accounts.organization`, where it is set. */
  readonly organization: kinds.AccountId | undefined;
  readonly rolesExist: boolean | undefined;
  readonly hasLake: boolean;
}

/** Reads the section. */
export function readDeploy(section: Section, others: Others): Deploy | undefined {
  const region = section.required('region', text(kinds.region));
  const organizationId = section.required('organization_id', text(kinds.organizationId));
  const managementAccount = managementOf(section, others);
  const forwarding = section.or('forwarding', boolean, true);
  const units = section.or('organizational_units', list(text(kinds.organizationalUnitId)), []);
  const delegatedAdministrator = section.or('delegated_administrator', boolean, false);
  const architecture = section.or('architecture', text(kinds.architecture), 'x86_64');
  const forwardRegions = regions(section, region);
  const createSecrets = section.or('create_secrets', boolean, true);
  const logRetention = section.or('log_retention', text(kinds.logRetention), '90d');
  const alarms = alarmsTo(section);
  const lakeGigabytesADay = section.or('lake_gigabytes_a_day', integer(1, 1_000_000), 100n);
  const tags = section.entries('tags', (key, name, value) => {
    const tag = section.read(key, text(kinds.tagKey), name);
    const content = section.read(key, text(kinds.tagValue), value);
    return tag !== undefined && content !== undefined ? ([tag, content] as const) : undefined;
  });
  const pipeline = section.optionalSection('pipeline', readPipeline);

  if (forwarding === false && !others.hasLake) {
    section.refuse('forwarding', 'is false, and there is no [lake], so that nothing would be read; set it to true');
  }
  const stackSets = others.rolesExist === false || forwarding === true;
  if (stackSets && units?.length === 0) {
    section.refuse(
      'organizational_units',
      "is empty, so that no account would be reached; list the root's id (r-...) or those of organizational units (ou-...)",
    );
  }
  if (
    region === undefined ||
    organizationId === undefined ||
    managementAccount === undefined ||
    forwarding === undefined ||
    units === undefined ||
    delegatedAdministrator === undefined ||
    architecture === undefined ||
    forwardRegions === undefined ||
    createSecrets === undefined ||
    logRetention === undefined ||
    alarms === undefined ||
    lakeGigabytesADay === undefined ||
    tags === undefined ||
    pipeline === undefined
  ) {
    return undefined;
  }
  return {
    region,
    organizationId,
    managementAccount,
    organizationalUnits: units,
    delegatedAdministrator,
    architecture,
    forwarding,
    forwardRegions,
    createSecrets,
    logRetention,
    alarms,
    lakeGigabytesADay,
    tags: new Map(tags),
    pipeline: pipeline.value,
  };
}

/** The owner of the event data store mostly is the management account. */
function managementOf(section: Section, { organization }: Others): kinds.AccountId | undefined {
  const read = section.optional('management_account', text(kinds.accountId));
  if (read === undefined) {
    return undefined;
  }
  const account = read.value ?? organization;
  if (account === undefined) {
    section.refuse(
      'management_account',
      `is missing, and accounts.organization too; set it to ${kinds.accountId.expected}`,
    );
  }
  return account;
}

function regions(section: Section, home: kinds.Region | undefined): readonly kinds.Region[] | undefined {
  const read = section.optional('forward_regions', list(text(kinds.region)));
  if (read?.value === undefined) {
    return read && home && alwaysEnabled(home);
  }
  if (read.value.length === 0) {
    section.refuse('forward_regions', 'is empty; list regions, or remove the key, or set forwarding = false');
  }
  read.value.forEach((region, index) => {
    if (home !== undefined && partitionOf(region) !== partitionOf(home)) {
      section.refuseItem('forward_regions', index, `${region} lies in another partition than deploy.region; remove it`);
    }
  });
  return [...new Set(read.value)];
}

function alarmsTo(section: Section): AlarmsTo | undefined {
  const both = section.has('alarm_email') && section.has('alarm_topic');
  const email = section.optional('alarm_email', text(kinds.emailAddress));
  const topic = section.optional('alarm_topic', text(kinds.topicArn));
  if (both) {
    section.refuse('alarm_email', 'is set, and deploy.alarm_topic too; remove one of the two');
  }
  if (email === undefined || topic === undefined) {
    return undefined;
  }
  return topic.value === undefined ? { kind: 'own-topic', email: email.value } : { kind: 'topic', arn: topic.value };
}

function readPipeline(section: Section): Pipeline | undefined {
  const [byCodeCommit, byConnection] = [section.has('codecommit'), section.has('connection')];
  if (byCodeCommit && byConnection) {
    section.refuse('connection', 'is set, and deploy.pipeline.codecommit too; remove one of the two');
  }
  if (!byCodeCommit && !byConnection) {
    section.refuse(
      'codecommit',
      "is missing; set it to a CodeCommit repository's name, or set deploy.pipeline.connection to a connection's ARN",
    );
  }
  if (!byConnection && section.has('repository')) {
    section.refuse('repository', 'goes with deploy.pipeline.connection only; remove it');
  }
  const codecommit = section.optional('codecommit', text(kinds.repositoryName));
  const connection = section.optional('connection', text(kinds.connectionArn));
  const repository = byConnection
    ? { value: section.required('repository', text(kinds.fullRepositoryName)) }
    : section.optional('repository', text(kinds.fullRepositoryName));
  const branch = section.or('branch', text(kinds.branchName), 'main');
  const source = sourceOf(codecommit?.value, connection?.value, repository?.value);
  return source && branch && { source, branch };
}

function sourceOf(
  codecommit: kinds.RepositoryName | undefined,
  arn: kinds.ConnectionArn | undefined,
  repository: kinds.FullRepositoryName | undefined,
): PipelineSource | undefined {
  if (codecommit !== undefined) {
    return { kind: 'codecommit', repository: codecommit };
  }
  return arn !== undefined && repository !== undefined ? { kind: 'connection', arn, repository } : undefined;
}

/** The longest that is added to the hub role's name: `-responder`. IAM takes 64 characters. */
const LONGEST_HUB = 64 - '-responder'.length;

/** The alarms look back over a day at most. */
const DAY = 86_400;

/** What AWS asks of the other sections where Portcullis is deployed. */
export function checkDeployable(
  deploy: Deploy | undefined,
  automation: kinds.AccountId | undefined,
  roles: Roles | undefined,
  lakeRegion: kinds.Region | undefined,
  timing: Timing | undefined,
  slack: Slack | undefined,
  errors: Errors,
): void {
  const refuse = (section: string, name: string, problem: string) =>
    errors.add(Key.root.child(section).child(name), problem);
  if (roles?.exist === false && roles.hub.length > LONGEST_HUB) {
    refuse(
      'roles',
      'hub',
      `is too long: the roles that are made are called hub-poller and hub-responder; at most ${LONGEST_HUB} characters`,
    );
  }
  if (deploy !== undefined && lakeRegion !== undefined && partitionOf(lakeRegion) !== partitionOf(deploy.region)) {
    refuse('lake', 'region', 'lies in another partition than deploy.region; no role can be assumed across partitions');
  }
  if (deploy?.alarms.kind === 'topic' && regionOf(deploy.alarms.arn) !== deploy.region) {
    refuse('deploy', 'alarm_topic', 'lies in another region than deploy.region; an alarm notifies topics of its own only');
  }
  if (deploy?.delegatedAdministrator && automation === deploy.managementAccount) {
    refuse(
      'deploy',
      'delegated_administrator',
      'is true, and accounts.automation is the management account, which needs no delegate; set it to false',
    );
  }
  const every = [
    ['poll_every', timing?.pollEvery],
    ['sweep_every', timing?.sweepEvery],
  ] as const;
  for (const [name, seconds] of every) {
    if (seconds !== undefined && (seconds % 60 !== 0 || seconds > DAY)) {
      refuse(
        'timing',
        name,
        'is no whole number of minutes up to a day, as the schedules on AWS are; set it to 1m to 24h',
      );
    }
  }
  if (slack !== undefined) {
    for (const [key, reference] of references(slack)) {
      if (deploy !== undefined && 'name' in reference && isElsewhere(reference.name, deploy.region)) {
        errors.add(key, 'is the ARN of another region than deploy.region, where the functions ask; store the secret there');
      }
      if (reference.kind === 'env') {
        errors.add(
          key,
          'is a reference to an environment variable, which no deployed function has; store the secret in Secrets Manager or ' +
            'SSM, and write secretsmanager:NAME#FIELD or ssm:NAME',
        );
      }
    }
  }
}

/** The region that an ARN names. */
function regionOf(arn: string): string | undefined {
  return arn.split(':')[3];
}

function isElsewhere(name: string, home: kinds.Region): boolean {
  return name.startsWith('arn:') && regionOf(name) !== home;
}

/** The references to secrets, each with its key. */
function references(slack: Slack): readonly (readonly [Key, SecretRef])[] {
  const key = Key.root.child('slack');
  const signing = slack.signingSecrets.map(
    (reference, index) => [key.child('signing_secrets').item(index), reference] as const,
  );
  const { delivery } = slack;
  switch (delivery.kind) {
    case 'bot':
      return [[key.child('bot_token'), delivery.token], ...signing];
    case 'webhook':
      return [[key.child('webhook_url'), delivery.url], ...signing];
  }
}
