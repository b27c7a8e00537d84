/** `config.toml` is read here by the rules of the functions' own reader: the same examples, the same errors. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';

import { ConfigErrors, loadConfig, loadDeployable, readConfig } from '../lib/config';

const ROOT = join(__dirname, '../..');
const FOLDERS = [join(ROOT, 'tests/config'), join(ROOT, 'tests/config/deploy')];

function examples(kind: 'good' | 'bad'): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(folder, kind))
      .filter((name) => name.endsWith('.toml'))
      .sort()
      .map((name) => join(folder, kind, name)),
  );
}

function errorsOf(toml: string): ConfigErrors {
  try {
    readConfig(toml);
  } catch (error) {
    if (error instanceof ConfigErrors) {
      return error;
    }
    throw error;
  }
  return assert.fail('it was taken');
}

describe('good examples are taken', () => {
  for (const path of [...examples('good'), join(ROOT, 'config.toml')]) {
    test(basename(path), () => {
      assert.doesNotThrow(() => loadConfig(path));
    });
  }
});

describe('bad examples are refused with every key that they name, and no other', () => {
  for (const path of examples('bad')) {
    test(basename(path), () => {
      const toml = readFileSync(path, 'utf8');
      const expected = [...toml.matchAll(/^# error: (.*)$/gm)].map(([, key]) => key);
      const errors = errorsOf(toml);
      const found = errors.errors.map(({ place }) => (place.kind === 'key' ? place.key : 'syntax'));
      assert.deepEqual(found.toSorted(), expected.toSorted(), errors.message);
      assert.doesNotMatch(errors.message, /hush/, 'a secret is shown');
    });
  }
});

test('an error says where, what is wrong and what to do, and names the file', () => {
  const errors = errorsOf('pol_every = "10m"\n').inFile('other.toml');
  assert.match(
    errors.message,
    /^other\.toml: accounts\.automation: is missing; set it to an AWS account id \(12 digits\)$/m,
  );
  assert.match(
    errors.message,
    /^other\.toml: pol_every: there is no such key; the keys here are accounts, roles, lake/m,
  );
});

test('every error of a text that is no TOML is told with its place', () => {
  const errors = errorsOf('a = \n[b]\nc = "1"\nc = hush\n');
  assert.deepEqual(
    errors.errors.map(({ place }) => place.kind === 'line' && place.line),
    [1, 4],
  );
});

test('what cdk synth can not do without is asked for when it is not there', () => {
  const path = join(ROOT, 'tests/config/good/smallest.toml');
  assert.throws(() => loadDeployable(path), /smallest\.toml: deploy: is missing; add the section \[deploy\]/);
  const twoErrors = join(ROOT, 'tests/config/bad/no_delivery.toml');
  assert.throws(() => loadDeployable(twoErrors), /slack\.bot_token: is missing[\s\S]*deploy: is missing/);
  assert.throws(() => loadConfig('/nowhere/config.toml'), /can't be read: .*name another path: -c config=PATH/);
});

describe('what lies where the functions can not reach it is refused', () => {
  const good = readFileSync(join(ROOT, 'tests/config/deploy/good/deployed.toml'), 'utf8');
  const refused = (change: (toml: string) => string) => {
    const toml = change(good);
    assert.notEqual(toml, good);
    return errorsOf(toml).errors.map(({ place }) => (place.kind === 'key' ? place.key : 'syntax'));
  };

  test('a topic of another region', () => {
    const topic = (region: string) => (toml: string) =>
      `${toml}alarm_topic = "arn:aws:sns:${region}:123456789012:alarms"\n`;
    assert.deepEqual(refused(topic('us-east-1')), ['deploy.alarm_topic']);
    assert.doesNotThrow(() => readConfig(topic('eu-west-1')(good)));
  });

  test('secrets of another region', () => {
    const at = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:slack-AbCdEf';
    assert.deepEqual(
      refused((toml) => toml.replaceAll('portcullis/slack', at)),
      ['slack.bot_token', 'slack.signing_secrets[0]'],
    );
  });

  test('a delegate of the management account that is that account', () => {
    assert.deepEqual(
      refused((toml) => `${toml}management_account = "123456789012"\ndelegated_administrator = true\n`),
      ['deploy.delegated_administrator'],
    );
  });
});

test('the management account, the regions and the external id have the defaults that the README gives', () => {
  const { deploy, roles } = loadDeployable(join(ROOT, 'tests/config/deploy/good/deployed.toml'));
  assert.equal(deploy.managementAccount, '111111111111');
  assert.equal(deploy.forwardRegions.length, 17);
  assert.deepEqual(
    [deploy.forwarding, deploy.delegatedAdministrator, deploy.createSecrets, roles.exist],
    [true, false, true, false],
  );
  assert.deepEqual([deploy.architecture, deploy.logRetention, deploy.lakeGigabytesADay], ['x86_64', 90, 100]);
  const china = loadDeployable(join(ROOT, 'tests/config/deploy/good/deployed_pushes_only.toml')).deploy;
  assert.deepEqual(china.forwardRegions, ['cn-north-1', 'cn-northwest-1']);
});
