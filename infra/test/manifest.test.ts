/** The Slack app's manifest. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../lib/app';
import { loadConfig } from '../lib/config';
import { ROUTE } from '../lib/portcullis/api';
import { manifest, METHODS, NO_URL, scopes, WrongUrl } from '../lib/slack-manifest';
import { config, repository } from './support';

test('the methods are those that the adapter calls', () => {
  const folder = 'shared/adapters/src/slack';
  const called = readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.rs'))
    .flatMap((name) => [...repository(`${folder}/${name}`).matchAll(/(?:call|ask)(?:::<\w+>)?\(\s*"([\w.]+)"/g)])
    .map(([, method]) => method);
  assert.deepEqual([...new Set(called)].toSorted(), Object.keys(METHODS).toSorted());
});

test('the scopes are those that the configuration makes use of', () => {
  assert.deepEqual(scopes(config('deployed')), [
    'channels:history',
    'chat:write',
    'groups:history',
    'users:read',
    'users:read.email',
  ]);
  assert.deepEqual(scopes(config('deployed_every_key')), [
    'chat:write',
    'groups:history',
    'usergroups:read',
    'users:read',
    'users:read.email',
  ]);
  assert.deepEqual(scopes(config('deployed_pushes_only')), ['incoming-webhook']);
});

test('the file is what the script writes', () => {
  const written = repository('infra/slack-app-manifest.yaml');
  const url = /request_url: (.*)/.exec(written)?.[1] ?? '';
  assert.equal(written, manifest(loadConfig(join(ROOT, 'config.toml')), url), 'npm run manifest');
});

test("the URL is the responder's, by https", () => {
  assert.ok(NO_URL.endsWith(ROUTE));
  const url = 'https://abcdef1234.execute-api.eu-west-1.amazonaws.com/slack/interactions';
  assert.match(manifest(config('deployed'), url), new RegExp(`^    request_url: ${url}$`, 'm'));
  for (const wrong of [
    'http://example.com/slack/interactions',
    'https://example.com/',
    'https://example.com/slack/interactions\nx: y',
    '',
  ]) {
    assert.throws(() => manifest(config('deployed'), wrong), WrongUrl);
  }
});
