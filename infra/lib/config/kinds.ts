/** The kinds of values that keys have: each is parsed once, and is a type of its own from then on. */

import { isIPv6 } from 'node:net';

declare const brand: unique symbol;
/** A text or number that was parsed as `Name`. */
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type AccountId = Branded<string, 'AccountId'>;
export type AccountName = Branded<string, 'AccountName'>;
export type ApiBaseUrl = Branded<string, 'ApiBaseUrl'>;
export type AppId = Branded<string, 'AppId'>;
export type ChannelId = Branded<string, 'ChannelId'>;
/** Whole seconds. */
export type Seconds = Branded<number, 'Seconds'>;
export type EventDataStoreId = Branded<string, 'EventDataStoreId'>;
export type ExternalId = Branded<string, 'ExternalId'>;
export type Region = Branded<string, 'Region'>;
export type RoleName = Branded<string, 'RoleName'>;
export type RolePath = Branded<string, 'RolePath'>;
export type SlackUserId = Branded<string, 'SlackUserId'>;
export type TableName = Branded<string, 'TableName'>;
export type TeamId = Branded<string, 'TeamId'>;
export type UserGroupId = Branded<string, 'UserGroupId'>;
/** An SSO user name in lower case, or the ARN of an IAM user or of a role's session. */
export type PersonKey = Branded<string, 'PersonKey'>;
export type OrganizationId = Branded<string, 'OrganizationId'>;
/** An organizational unit, or the organization's root. */
export type OrganizationalUnitId = Branded<string, 'OrganizationalUnitId'>;
export type Architecture = Branded<'x86_64' | 'arm64', 'Architecture'>;
export type LogRetention = Branded<number, 'LogRetention'>;
export type EmailAddress = Branded<string, 'EmailAddress'>;
export type TopicArn = Branded<string, 'TopicArn'>;
export type ConnectionArn = Branded<string, 'ConnectionArn'>;
export type RepositoryName = Branded<string, 'RepositoryName'>;
export type FullRepositoryName = Branded<string, 'FullRepositoryName'>;
export type BranchName = Branded<string, 'BranchName'>;
export type TagValue = Branded<string, 'TagValue'>;

/** The text is not what it should be: `problem` says what is wrong and what to do. */
export class Refused {
  constructor(readonly problem: string) {}
}

/** A kind of value that is written as a text. */
export interface TextKind<T> {
  /** What belongs there, in words and with its form: it follows "set it to". */
  readonly expected: string;
  parse(text: string): T | Refused;
}

/** A kind whose texts are told by their form alone. */
function form<T extends string>(expected: string, valid: (text: string) => boolean): TextKind<T> {
  const shown = (text: string) => JSON.stringify([...text].slice(0, 80).join(''));
  return {
    expected,
    parse: (text) => (valid(text) ? (text as T) : new Refused(`${shown(text)} is not ${expected}`)),
  };
}

const matches = (pattern: RegExp) => (text: string) => pattern.test(text);
const between = (text: string, least: number, most: number) => {
  const length = [...text].length;
  return least <= length && length <= most;
};
const slackId = (first: string) => new RegExp(`^[${first}][A-Z0-9]{2,63}$`);

export const accountId = form<AccountId>('an AWS account id (12 digits)', matches(/^[0-9]{12}$/));
export const accountName = form<AccountName>(
  "an account's name (1 to 80 characters on one line)",
  (text) => between(text, 1, 80) && text.trim() !== '' && !/\p{Cc}/u.test(text),
);
export const appId = form<AppId>('a Slack app id (A...)', matches(slackId('A')));
export const channelId = form<ChannelId>('a Slack channel id (C..., G... or D...)', matches(slackId('CGD')));
export const eventDataStoreId = form<EventDataStoreId>(
  'an event data store id (a UUID)',
  matches(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i),
);
export const externalId = form<ExternalId>(
  'an external id (2 to 1224 letters, digits, or _+=,.@:/-)',
  matches(/^[A-Za-z0-9_+=,.@:/-]{2,1224}$/),
);
export const region = form<Region>(
  'an AWS region (like eu-west-1)',
  (text) => text.length <= 32 && /^[a-z0-9]+(-[a-z0-9]+){2,}$/.test(text) && /[0-9]$/.test(text),
);
export const roleName = form<RoleName>(
  "a role's name without its path (1 to 64 letters, digits, or _+=,.@-)",
  matches(/^[A-Za-z0-9_+=,.@-]{1,64}$/),
);
export const rolePath = form<RolePath>(
  'a role path (it begins and ends with /, as /security/)',
  (text) => text.length <= 512 && /^\/([A-Za-z0-9_+=,.@/-]*\/)?$/.test(text),
);
export const slackUserId = form<SlackUserId>('a Slack user id (U... or W...)', matches(slackId('UW')));
export const tableName = form<TableName>(
  "a table's name (3 to 255 letters, digits, or _.-)",
  matches(/^[A-Za-z0-9_.-]{3,255}$/),
);
export const teamId = form<TeamId>('a Slack team id (T... or E...)', matches(slackId('TE')));
export const userGroupId = form<UserGroupId>('a Slack user group id (S...)', matches(slackId('S')));

export const organizationId = form<OrganizationId>("an organization's id (o-...)", matches(/^o-[a-z0-9]{10,32}$/));
export const organizationalUnitId = form<OrganizationalUnitId>(
  "an organizational unit's id (ou-...) or the root's (r-...)",
  matches(/^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$/),
);
export const architecture = form<Architecture>('"x86_64" or "arm64"', matches(/^(x86_64|arm64)$/));
export const emailAddress = form<EmailAddress>(
  'an e-mail address (NAME@DOMAIN)',
  (text) => text.length <= 254 && /^[^\s@\p{Cc}]+@[A-Za-z0-9.-]+$/u.test(text),
);
export const topicArn = form<TopicArn>(
  "an SNS topic's ARN (arn:aws:sns:REGION:ACCOUNT:NAME)",
  matches(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$/),
);
export const connectionArn = form<ConnectionArn>(
  "a CodeConnections connection's ARN (arn:aws:codeconnections:REGION:ACCOUNT:connection/ID)",
  matches(/^arn:aws[a-z-]*:code(connections|star-connections):[a-z0-9-]+:[0-9]{12}:connection\/[0-9a-f-]{36}$/),
);
export const repositoryName = form<RepositoryName>(
  "a CodeCommit repository's name (1 to 100 letters, digits, or _.-)",
  matches(/^[A-Za-z0-9_.-]{1,100}$/),
);
export const fullRepositoryName = form<FullRepositoryName>(
  'a repository with its owner (OWNER/NAME)',
  matches(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)+$/),
);
export const branchName = form<BranchName>(
  "a branch's name (1 to 255 letters, digits, or _./-)",
  matches(/^[A-Za-z0-9_./-]{1,255}$/),
);
/** The key of a tag; `aws:` is AWS's own. */
export const tagKey = form<string>(
  "a tag's key (1 to 128 letters, digits, spaces, or _.:/=+@-, not beginning with aws:)",
  (text) => between(text, 1, 128) && /^[\p{L}\p{N} _.:/=+@-]+$/u.test(text) && !/^aws:/i.test(text),
);
export const tagValue = form<TagValue>(
  "a tag's value (at most 256 letters, digits, spaces, or _.:/=+@-)",
  (text) => between(text, 0, 256) && /^[\p{L}\p{N} _.:/=+@-]*$/u.test(text),
);

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;
const LONGEST = 3_650 * 86_400;

/** A whole number and one unit, from one second to 3650 days. */
export const duration: TextKind<Seconds> = {
  expected: 'a duration, as "30s", "10m", "24h" or "400d"',
  parse(text) {
    const [, number, unit] = /^([0-9]+)([dhms])$/.exec(text) ?? [];
    const seconds = Number(number) * (UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN);
    if (seconds >= 1 && seconds <= LONGEST) {
      return seconds as Seconds;
    }
    return new Refused(
      `${JSON.stringify([...text].slice(0, 80).join(''))} is not a duration; write a whole number and a unit from 1s ` +
        'to 3650d, as "30s", "10m", "24h" or "400d"',
    );
  },
};

/** A duration in the largest unit that holds it without a remainder. */
export function writeDuration(seconds: number): string {
  const [name, unit] = UNITS.find(([, unit]) => seconds >= unit && seconds % unit === 0) ?? ['s', 1];
  return `${seconds / unit}${name}`;
}

/** CloudWatch Logs keeps logs for these numbers of days, and no others. */
const RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export const logRetention: TextKind<LogRetention> = {
  expected: 'how many days CloudWatch Logs keeps a log, as "90d"',
  parse(text) {
    const days = /^([0-9]{1,4})d$/.exec(text)?.[1];
    if (days !== undefined && RETENTIONS.includes(Number(days))) {
      return Number(days) as LogRetention;
    }
    const shown = JSON.stringify([...text].slice(0, 80).join(''));
    const all = RETENTIONS.map((days) => `${days}d`).join(', ');
    return new Refused(`${shown} is no time that CloudWatch Logs keeps logs for; it takes ${all}`);
  },
};

/** The key of an entry of `[people]`. */
export const personKey: TextKind<PersonKey> = {
  expected: 'an SSO user name or an ARN',
  parse(text) {
    if (/^arn:/i.test(text)) {
      return isPersonsArn(text)
        ? (text as PersonKey)
        : new Refused(
            "is an ARN, but of no person; write an IAM user's (arn:aws:iam::ACCOUNT:user/NAME) or a role session's " +
              '(arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION), in full',
          );
    }
    if (between(text, 1, 128) && !/[\p{White_Space}\p{Cc}/]/u.test(text)) {
      return text.toLowerCase() as PersonKey;
    }
    return new Refused(
      'is no SSO user name (1 to 128 characters without white space, / or control characters) and no ARN',
    );
  },
};

function isPersonsArn(text: string): boolean {
  const name = '[A-Za-z0-9_+=,.@-]+';
  const user = `iam::[0-9]{12}:user(/${name})+`;
  const session = `sts::[0-9]{12}:assumed-role/${name}/${name}`;
  return new RegExp(`^arn:aws(-[a-z-]+)?:(${user}|${session})$`).test(text);
}

const FORM = 'is not the URL of an API; write it as https://slack.com/api, without user, query or fragment';
const PLAIN_HTTP =
  'is plain http to a host that is not loopback, and the bot token would travel in the clear; write https://';

/** The base of Slack's Web API, without a slash at its end. Plain http is taken for loopback hosts only. */
export const apiBaseUrl: TextKind<ApiBaseUrl> = {
  expected: 'a URL, as https://slack.com/api',
  parse(text) {
    const parts = /^([^:/]*):\/\/(\[[^\]]*\]|[^/:\]]*)(?::([0-9]+))?(\/[A-Za-z0-9/._~-]*)?$/.exec(text);
    if (parts === null) {
      return new Refused(FORM);
    }
    const [, scheme, host = '', port, path = ''] = parts;
    const kind = hostKind(host);
    if (kind === 'none' || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) {
      return new Refused(FORM);
    }
    if (scheme !== 'https' && scheme !== 'http') {
      return new Refused(FORM);
    }
    if (scheme === 'http' && kind !== 'loopback') {
      return new Refused(PLAIN_HTTP);
    }
    const standard = Number(port) === (scheme === 'https' ? 443 : 80);
    const shownPort = port === undefined || standard ? '' : `:${Number(port)}`;
    return `${scheme}://${host.toLowerCase()}${shownPort}${path.replace(/\/+$/, '')}` as ApiBaseUrl;
  },
};

function hostKind(host: string): 'loopback' | 'other' | 'none' {
  if (host.startsWith('[')) {
    const address = host.slice(1, -1);
    if (!isIPv6(address) || address.includes('%')) {
      return 'none';
    }
    return /^(0*:)+0*1$/.test(address) ? 'loopback' : 'other';
  }
  const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  if (new RegExp(`^${octet}(\\.${octet}){3}$`).test(host)) {
    return host.startsWith('127.') ? 'loopback' : 'other';
  }
  const labels = host.split('.');
  const isName = labels.every((label) => /^[A-Za-z0-9-]+$/.test(label)) && !/^[0-9]/.test(labels.at(-1) ?? '');
  return isName ? (host.toLowerCase() === 'localhost' ? 'loopback' : 'other') : 'none';
}
