/** The Slack app's manifest: what it may do follows from the methods that the functions call. */

import type { Config } from './config';

/** A method of Slack's Web API that the functions call: the scopes that it asks for, and when it is called at all. */
interface Method {
  readonly scopes: (config: Config) => readonly string[];
  readonly called: (config: Config) => boolean;
}

const always = () => true;
const write = { scopes: () => ['chat:write'], called: always };

/** Slack's reference, <https://docs.slack.dev/reference/methods>, gives the scopes of each. */
export const METHODS: Readonly<Record<string, Method>> = {
  'auth.test': { scopes: () => [], called: always },
  'chat.postEphemeral': write,
  'chat.postMessage': write,
  'chat.update': write,
  'conversations.history': { scopes: historyScopes, called: always },
  // users:read.email is not given without users:read.
  'users.lookupByEmail': { scopes: () => ['users:read', 'users:read.email'], called: always },
  'usergroups.users.list': {
    scopes: () => ['usergroups:read'],
    called: ({ approvers }) => approvers.userGroups.length > 0 && !approvers.anyoneInChannel,
  },
  'views.open': { scopes: () => [], called: always },
};

/** A private channel's id may begin with C too, so such a channel may be of either kind. */
function historyScopes({ slack }: Config): readonly string[] {
  switch (slack.channel.charAt(0)) {
    case 'D':
      return ['im:history'];
    case 'G':
      return ['groups:history'];
    default:
      return ['channels:history', 'groups:history'];
  }
}

/** The scopes of the bot, or of the webhook. */
export function scopes(config: Config): readonly string[] {
  switch (config.slack.delivery.kind) {
    case 'webhook':
      return ['incoming-webhook'];
    case 'bot': {
      const called = Object.values(METHODS).filter((method) => method.called(config));
      return [...new Set(called.flatMap((method) => method.scopes(config)))].sort();
    }
  }
}

/** The path of the responder's route. */
const PATH = '/slack/interactions';

/** Stands in the manifest until the URL is known. */
export const NO_URL = `https://example.com${PATH}`;

/** The URL is not one that Slack's clicks would reach the responder by. */
export class WrongUrl extends Error {}

/** The manifest as YAML. `url` is the output InteractivityUrl of the stack Portcullis. */
export function manifest(config: Config, url: string): string {
  if (!new RegExp(`^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~-]+)*${PATH}$`).test(url)) {
    throw new WrongUrl(
      `${JSON.stringify(url)} is not the interactivity URL; give the output InteractivityUrl of the stack Portcullis, as ${NO_URL}`,
    );
  }
  return `# Made by: npm run manifest -- URL (in infra/), for the channel, the delivery and the approvers of config.toml.
# Slack: https://api.slack.com/apps, Create New App, From a manifest. Where both channels:history and groups:history are
# listed, remove the one that does not fit: the first is for a public channel, the second for a private one.
display_information:
  name: Portcullis
  description: Asks about security group openings, and takes back what is denied
features:
  bot_user:
    display_name: Portcullis
    always_online: true
oauth_config:
  scopes:
    bot:
${scopes(config)
  .map((scope) => `      - ${scope}`)
  .join('\n')}
settings:
  interactivity:
    is_enabled: true
    request_url: ${url}
  org_deploy_enabled: false
  socket_mode_enabled: false
  token_rotation_enabled: false
`;
}
