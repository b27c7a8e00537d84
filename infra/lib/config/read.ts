/** From the text of `config.toml` to a configuration, section by section: the same rules as `shared/src/config/read.rs`. */

import type { Accounts, Approvers, Config, Delivery, Lake, Roles, Slack, Timing } from './config';
import { checkDeployable, readDeploy } from './deploy';
import { ConfigErrors, Errors, Key } from './errors';
import * as kinds from './kinds';
import { boolean, list, Section, text } from './reader';
import { secretRef } from './secret';
import { readSyntax } from './syntax';

const DAY = 86_400;
const WEEK = 7 * DAY;

/**
 * Reads a configuration. Throws {@link ConfigErrors}: every error that the text holds, each with its key. Where it is to
 * be deployed, a missing `[deploy]` is one of them.
 */
export function readConfig(toml: string, toDeploy = false): Config {
  const errors = new Errors();
  const table = readSyntax(toml, errors);
  const config = table && Section.read(Key.root, table, errors, (root) => readRoot(root, errors, toDeploy));
  if (config === undefined || errors.all.length > 0) {
    throw new ConfigErrors(errors.all);
  }
  return config;
}

function readRoot(root: Section, errors: Errors, toDeploy: boolean): Config | undefined {
  const hasLake = root.has('lake');
  const deployed = root.has('deploy');
  let organization: kinds.AccountId | undefined;
  const accounts = root.section('accounts', (section) =>
    readAccounts(section, hasLake, (given) => {
      organization = given;
    }),
  );
  const roles = root.section('roles', (section) => readRoles(section, hasLake));
  const lake = root.optionalSection('lake', readLake);
  const timing = root.section('timing', readTiming);
  const store = root.section('store', (section) => readStore(section, timing));
  let byWebhook = false;
  const slack = root.section('slack', (section) => {
    byWebhook = section.has('webhook_url') && !section.has('bot_token');
    return readSlack(section);
  });
  const approvers = root.section('approvers', (section) => readApprovers(section, byWebhook));
  const people = readPeople(root, errors);
  const mode = root.section('mode', (section) => {
    const revert = section.or('revert', boolean, true);
    return revert === undefined ? undefined : { revert };
  });
  const deploy = root.optionalSection('deploy', (section) =>
    readDeploy(section, { organization, rolesExist: roles?.exist, hasLake }),
  );
  if (toDeploy && !deployed) {
    root.refuse(
      'deploy',
      'is missing; add the section [deploy] with region, organization_id and organizational_units (see infra/README.md)',
    );
  }
  if (deployed) {
    checkDeployable(deploy?.value, accounts?.automation, roles, lake?.value?.region, timing, slack, errors);
  }
  if (!accounts || !roles || !lake || !timing || !store || !slack || !approvers || !people || !mode || !deploy) {
    return undefined;
  }
  return { accounts, roles, lake: lake.value, timing, store, slack, approvers, people, mode, deploy: deploy.value };
}

/** Only the lake needs the organization account. Without one it may be absent, and is the automation account. */
function readAccounts(
  section: Section,
  hasLake: boolean,
  given: (organization: kinds.AccountId | undefined) => void,
): Accounts | undefined {
  const setting = text(kinds.accountId);
  const automation = section.required('automation', setting);
  const optional = hasLake
    ? { value: section.required('organization', setting) }
    : section.optional('organization', setting);
  given(optional?.value);
  const organization = optional?.value ?? (hasLake ? undefined : optional && automation);
  const names = section.entries('names', (key, id, name) => {
    const account = section.read(key, setting, id);
    const called = section.read(key, text(kinds.accountName), name);
    return account && called && ([account, called] as const);
  });
  return automation && organization && names && { automation, organization, names: new Map(names) };
}

/** Only the lake needs its role. Without one it may be absent, and has a name that nothing assumes. */
function readRoles(section: Section, hasLake: boolean): Roles | undefined {
  const setting = text(kinds.roleName);
  const path = section.or('path', text(kinds.rolePath), '/security/');
  const hub = section.required('hub', setting);
  const lakeRead = hasLake
    ? section.required('lake_read', setting)
    : section.or('lake_read', setting, 'cloudtrail-lake-read-role');
  const spoke = section.required('spoke', setting);
  const externalId = section.optional('external_id', text(kinds.externalId));
  const exist = section.or('exist', boolean, false);
  if (!path || !hub || !lakeRead || !spoke || !externalId || exist === undefined) {
    return undefined;
  }
  return { path, hub, lakeRead, spoke, externalId: externalId.value, exist };
}

function readLake(section: Section): Lake | undefined {
  const eventDataStore = section.required('event_data_store', text(kinds.eventDataStoreId));
  const region = section.required('region', text(kinds.region));
  return eventDataStore && region && { eventDataStore, region };
}

function readTiming(section: Section): Timing | undefined {
  const setting = text(kinds.duration);
  const pollEvery = section.or('poll_every', setting, '10m');
  const sweepEvery = section.or('sweep_every', setting, '1m');
  const lookback = section.or('lookback', setting, '20m');
  const catchUp = section.or('catch_up', setting, '24h');
  const reconcileEvery = section.or('reconcile_every', setting, '6h');
  const reconcileWindow = section.or('reconcile_window', setting, '24h');
  if (pollEvery && lookback && catchUp && catchUp < pollEvery + lookback) {
    const shortest = kinds.writeDuration(pollEvery + lookback);
    section.refuse(
      'catch_up',
      `is too short: every query would leave a gap; set it to ${shortest} (lookback and poll_every) or more`,
    );
  }
  if (reconcileEvery && reconcileWindow && reconcileWindow < reconcileEvery) {
    const shortest = kinds.writeDuration(reconcileEvery);
    section.refuse(
      'reconcile_window',
      `is too short: some hours would never be read anew; set it to ${shortest} (reconcile_every) or more`,
    );
  }
  if (!pollEvery || !sweepEvery || !lookback || !catchUp || !reconcileEvery || !reconcileWindow) {
    return undefined;
  }
  return { pollEvery, sweepEvery, lookback, catchUp, reconcileEvery, reconcileWindow };
}

function readStore(section: Section, timing: Config['timing'] | undefined): Config['store'] | undefined {
  const table = section.or('table', text(kinds.tableName), 'secgrouprequests');
  const retention = section.or('retention', text(kinds.duration), '400d');
  const least = timing && leastRetention(timing);
  if (retention && least && retention < least.seconds) {
    const shortest = kinds.writeDuration(least.seconds);
    section.refuse(
      'retention',
      `is too short: an old event could be announced again; set it to ${shortest} (${least.what}) or more`,
    );
  }
  return table && retention && { table, retention };
}

/** An item must outlive every window by far, or an old event would be announced again; and all that a re-scan goes back to. */
function leastRetention(timing: Config['timing']): { readonly seconds: number; readonly what: string } {
  const longestWindow = Math.max(timing.reconcileWindow, timing.lookback + timing.catchUp);
  const byWindow = 2 * longestWindow + WEEK;
  const byReScan = timing.catchUp + timing.reconcileEvery + timing.reconcileWindow + DAY;
  return byWindow >= byReScan
    ? { seconds: byWindow, what: 'twice the longest window of [timing], and 7d' }
    : { seconds: byReScan, what: 'catch_up, reconcile_every and reconcile_window together, and 1d' };
}

function readSlack(section: Section): Slack | undefined {
  const channel = section.required('channel', text(kinds.channelId));
  const delivery = readDelivery(section);
  const signingSecrets = section.required('signing_secrets', list(text(secretRef)));
  if (signingSecrets?.length === 0) {
    section.refuse('signing_secrets', "is empty, so that no click could be trusted; name the app's signing secret");
  }
  const apiBaseUrl = section.or('api_base_url', text(kinds.apiBaseUrl), 'https://slack.com/api');
  const teamId = section.optional('team_id', text(kinds.teamId));
  const appId = section.optional('app_id', text(kinds.appId));
  if (!channel || !delivery || !signingSecrets || !apiBaseUrl || !teamId || !appId) {
    return undefined;
  }
  return { channel, delivery, signingSecrets, apiBaseUrl, teamId: teamId.value, appId: appId.value };
}

function readDelivery(section: Section): Delivery | undefined {
  const [byBot, byWebhook] = [section.has('bot_token'), section.has('webhook_url')];
  if (byBot && byWebhook) {
    section.refuse('webhook_url', 'is set, and slack.bot_token too; remove one of the two');
  }
  if (!byBot && !byWebhook) {
    section.refuse(
      'bot_token',
      "is missing; set it to a reference to the bot's token, or set slack.webhook_url to one to a webhook's URL",
    );
  }
  const token = section.optional('bot_token', text(secretRef))?.value;
  const url = section.optional('webhook_url', text(secretRef))?.value;
  if (token !== undefined) {
    return { kind: 'bot', token };
  }
  return url && { kind: 'webhook', url };
}

function readApprovers(section: Section, byWebhook: boolean): Approvers | undefined {
  const users = section.or('users', list(text(kinds.slackUserId)), []);
  const userGroups = section.or('user_groups', list(text(kinds.userGroupId)), []);
  const anyoneInChannel = section.or('anyone_in_channel', boolean, false);
  const requesterMayApprove = section.or('requester_may_approve', boolean, false);
  // A list with an error in it is a list all the same.
  const [noUsers, noGroups] = [users?.length === 0, userGroups?.length === 0];
  if (byWebhook && !noGroups) {
    section.refuse(
      'user_groups',
      "can't be used with slack.webhook_url, which can't tell who is a member; list the users, or set slack.bot_token",
    );
  }
  if (anyoneInChannel === false && noUsers && noGroups) {
    section.refuse(
      'users',
      'is empty, and user_groups too, so that nobody could decide; list users or user groups, or set ' +
        'anyone_in_channel = true',
    );
  }
  if (!users || !userGroups || anyoneInChannel === undefined || requesterMayApprove === undefined) {
    return undefined;
  }
  return { users, userGroups, anyoneInChannel, requesterMayApprove };
}

function readPeople(root: Section, errors: Errors): Config['people'] | undefined {
  const people = new Map<kinds.PersonKey, kinds.SlackUserId>();
  const entries = root.entries('people', (key, name, value) => {
    const person = root.read(key, text(kinds.personKey), name);
    const user = root.read(key, text(kinds.slackUserId), value);
    if (person === undefined || user === undefined) {
      return undefined;
    }
    if (people.has(person)) {
      return errors.add(
        key,
        'is the same person as another key (upper and lower case count as one); remove one of the two',
      );
    }
    people.set(person, user);
    return true;
  });
  return entries && people;
}
