/** What `config.toml` says. What each key means stands in the repository's `config.toml`. */

import type {
  AccountId,
  AccountName,
  ApiBaseUrl,
  AppId,
  Architecture,
  BranchName,
  ChannelId,
  ConnectionArn,
  EmailAddress,
  EventDataStoreId,
  ExternalId,
  FullRepositoryName,
  LogRetention,
  OrganizationalUnitId,
  OrganizationId,
  PersonKey,
  Region,
  RepositoryName,
  RoleName,
  RolePath,
  Seconds,
  SlackUserId,
  TableName,
  TagValue,
  TeamId,
  TopicArn,
  UserGroupId,
} from './kinds';
import type { SecretRef } from './secret';

/** The configuration: valid in every part and as a whole. */
export interface Config {
  readonly accounts: Accounts;
  readonly roles: Roles;
  /** Without it only pushed events are read. */
  readonly lake: Lake | undefined;
  readonly timing: Timing;
  readonly store: { readonly table: TableName; readonly retention: Seconds };
  readonly slack: Slack;
  readonly approvers: Approvers;
  readonly people: ReadonlyMap<PersonKey, SlackUserId>;
  readonly mode: { readonly revert: boolean };
  /** Only this app needs it, and it can't do without. */
  readonly deploy: Deploy | undefined;
}

export interface Accounts {
  readonly automation: AccountId;
  /** The owner of the event data store; the automation account where there is none. */
  readonly organization: AccountId;
  readonly names: ReadonlyMap<AccountId, AccountName>;
}

export interface Roles {
  readonly path: RolePath;
  readonly hub: RoleName;
  readonly lakeRead: RoleName;
  readonly spoke: RoleName;
  readonly externalId: ExternalId | undefined;
  /** FleetAccess made them: the functions run as the hub role, and none is made here. */
  readonly exist: boolean;
}

export interface Lake {
  readonly eventDataStore: EventDataStoreId;
  readonly region: Region;
}

export interface Timing {
  readonly pollEvery: Seconds;
  readonly sweepEvery: Seconds;
  readonly lookback: Seconds;
  readonly catchUp: Seconds;
  readonly reconcileEvery: Seconds;
  readonly reconcileWindow: Seconds;
}

export interface Slack {
  readonly channel: ChannelId;
  readonly delivery: Delivery;
  /** Never empty. */
  readonly signingSecrets: readonly SecretRef[];
  readonly apiBaseUrl: ApiBaseUrl;
  readonly teamId: TeamId | undefined;
  readonly appId: AppId | undefined;
}

export type Delivery =
  | { readonly kind: 'bot'; readonly token: SecretRef }
  | { readonly kind: 'webhook'; readonly url: SecretRef };

export interface Approvers {
  readonly users: readonly SlackUserId[];
  readonly userGroups: readonly UserGroupId[];
  readonly anyoneInChannel: boolean;
  readonly requesterMayApprove: boolean;
}

/** `[deploy]`: what only this app reads. */
export interface Deploy {
  /** Where Portcullis runs. */
  readonly region: Region;
  readonly organizationId: OrganizationId;
  /** The account that StackSets never reach. */
  readonly managementAccount: AccountId;
  /** What the StackSets reach. Empty only where there are none. */
  readonly organizationalUnits: readonly OrganizationalUnitId[];
  /** The automation account administers StackSets; if not, the management account makes them. */
  readonly delegatedAdministrator: boolean;
  readonly architecture: Architecture;
  /** Are events pushed? */
  readonly forwarding: boolean;
  /** From which regions. Never empty. */
  readonly forwardRegions: readonly Region[];
  /** Does this app make the secrets (without their values)? */
  readonly createSecrets: boolean;
  readonly logRetention: LogRetention;
  /** Who is told of alarms. */
  readonly alarms: AlarmsTo;
  /** More than this, in gigabytes (10^9 bytes) scanned by queries of the lake in a day, is an alarm. */
  readonly lakeGigabytesADay: number;
  readonly tags: ReadonlyMap<string, TagValue>;
  readonly pipeline: Pipeline | undefined;
}

export type AlarmsTo =
  | { readonly kind: 'own-topic'; readonly email: EmailAddress | undefined }
  | { readonly kind: 'topic'; readonly arn: TopicArn };

export interface Pipeline {
  readonly source: PipelineSource;
  readonly branch: BranchName;
}

export type PipelineSource =
  | { readonly kind: 'codecommit'; readonly repository: RepositoryName }
  | { readonly kind: 'connection'; readonly arn: ConnectionArn; readonly repository: FullRepositoryName };

/** A configuration that says how it is deployed. */
export interface Deployable extends Config {
  readonly deploy: Deploy;
}
