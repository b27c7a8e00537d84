/** `cdk synth` as a person runs it: in a fresh copy of the repository, without a network and without credentials. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';

import tableJson from '../../shared/table.json';
import { ROOT } from '../lib/app';
import { contract } from '../lib/contract';
import { binaries, configPath } from './support';

const copy = mkdtempSync(join(tmpdir(), 'portcullis-copy-'));
after(() => rmSync(copy, { recursive: true, force: true }));

const notCopied = new Set(['node_modules', 'cdk.out', '.venv']);
cpSync(join(ROOT, 'infra'), join(copy, 'infra'), { recursive: true, filter: (path) => !notCopied.has(basename(path)) });
cpSync(join(ROOT, 'tests/config'), join(copy, 'tests/config'), { recursive: true });
mkdirSync(join(copy, 'shared'));
for (const file of ['config.toml', 'shared/table.json', 'shared/aws-calls.json']) {
  cpSync(join(ROOT, file), join(copy, file));
}
symlinkSync(join(ROOT, 'infra/node_modules'), join(copy, 'infra/node_modules'));

/** Runs the CDK's command line. Whatever asked the network would meet a closed port. */
function cdk(...args: string[]): { status: number | null; said: string } {
  const nowhere = 'http://127.0.0.1:9';
  const env = {
    PATH: process.env['PATH'],
    HOME: copy,
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(copy, 'infra/node_modules/aws-cdk/bin/cdk'), ...args],
    {
      cwd: join(copy, 'infra'),
      env,
      encoding: 'utf8',
    },
  );
  return { status, said: stdout + stderr };
}

test('it needs neither network nor credentials', () => {
  const { status, said } = cdk(
    'synth',
    '--quiet',
    '-c',
    `config=${configPath('deployed')}`,
    '-c',
    `binaries=${binaries}`,
  );
  assert.equal(status, 0, said);
  const template = JSON.parse(readFileSync(join(copy, 'infra/cdk.out/Portcullis.template.json'), 'utf8'));
  assert.equal(template.Description.startsWith('Portcullis'), true);
  assert.equal(existsSync(join(copy, 'infra/cdk.context.json')), false);
  const { table, timeToLive, functions, ticks } = contract(join(copy, 'infra/cdk.out'));
  assert.deepEqual(table, tableJson);
  assert.equal(timeToLive, 'expires_at');
  assert.deepEqual(functions['poller'], { timeoutSeconds: 300, memoryMegabytes: 512, environment: {} });
  assert.deepEqual(
    ticks.map(({ input }) => input),
    [{ tick: 'poll' }, { tick: 'sweep' }],
  );
});

test('it says what is wrong in the configuration, and nothing else', () => {
  const { status, said } = cdk(
    'synth',
    '--quiet',
    '-c',
    `config=${join(copy, 'tests/config/deploy/bad/deploy_with_others.toml')}`,
  );
  assert.notEqual(status, 0);
  assert.match(said, /deploy_with_others\.toml: timing\.poll_every: is no whole number of minutes up to a day/);
  assert.doesNotMatch(said, /\bat .*\.ts:\d+/);
});

test('it says that the configuration is not there, and nothing else', () => {
  const { status, said } = cdk('synth', '--quiet', '-c', `config=${join(copy, 'nowhere.toml')}`);
  assert.notEqual(status, 0);
  assert.match(said, /nowhere\.toml can't be read: ENOENT/);
  assert.doesNotMatch(said, /\bat .*\.ts:\d+/);
});

test('it says which command builds the functions', () => {
  const { status, said } = cdk('synth', '--quiet', '-c', `config=${configPath('deployed')}`);
  assert.notEqual(status, 0);
  assert.match(
    said,
    /target\/lambda\/poller\/bootstrap is missing: the function poller is not built\. Build both: make lambda/,
  );
});
