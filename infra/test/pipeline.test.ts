/** The pipeline: what it builds from, what it runs, what it deploys. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { App } from 'aws-cdk-lib';

import { devDependencies } from '../package.json';
import { populate } from '../lib/app';
import { OutsideRepository } from '../lib/pipeline';
import {
  binaries,
  config,
  configPath,
  type ConfigName,
  type Loose,
  one,
  repository,
  resources,
  synthesised,
  template,
} from './support';

const pipeline = (name: ConfigName) =>
  one(template(name, 'PortcullisPipeline'), 'AWS::CodePipeline::Pipeline').Properties;
const stages = (name: ConfigName) => pipeline(name).Stages as Loose[];
const builds = (name: ConfigName) =>
  resources(template(name, 'PortcullisPipeline'), 'AWS::CodeBuild::Project').map(([, { Properties }]) => ({
    environment: Properties.Environment,
    commands:
      typeof Properties.Source.BuildSpec === 'string' ? (JSON.parse(Properties.Source.BuildSpec).phases as Loose) : {},
  }));

test('is not there where the configuration has none', () => {
  assert.equal(synthesised('deployed').templates.has('PortcullisPipeline'), false);
});

describe('the pipeline', () => {
  test('is of type V2, and changes itself before it deploys', () => {
    assert.equal(pipeline('deployed_every_key').PipelineType, 'V2');
    assert.equal(pipeline('deployed_every_key').RestartExecutionOnUpdate, true);
    assert.deepEqual(
      stages('deployed_every_key').map(({ Name }) => Name),
      ['Source', 'Build', 'UpdatePipeline', 'Assets', 'Deploy'],
    );
  });

  test('builds from a connection, or from CodeCommit', () => {
    const source = (name: ConfigName) => stages(name)[0].Actions[0];
    assert.equal(source('deployed_every_key').ActionTypeId.Provider, 'CodeStarSourceConnection');
    assert.deepEqual(
      [
        source('deployed_every_key').Configuration.FullRepositoryId,
        source('deployed_every_key').Configuration.BranchName,
      ],
      ['example/portcullis', 'release'],
    );
    assert.equal(source('deployed_roles_exist').ActionTypeId.Provider, 'CodeCommit');
    assert.deepEqual(
      [
        source('deployed_roles_exist').Configuration.RepositoryName,
        source('deployed_roles_exist').Configuration.BranchName,
      ],
      ['portcullis', 'main'],
    );
  });

  test('may use the connection, by the prefix that its ARN has', () => {
    const policies = resources(template('deployed_every_key', 'PortcullisPipeline'), 'AWS::IAM::Policy');
    const statements = policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Loose[]);
    const using = statements.filter(({ Action }) => [Action].flat().includes('codeconnections:UseConnection'));
    assert.equal(using.length, 1);
    assert.match(using[0].Resource, /^arn:aws-us-gov:codeconnections:us-gov-west-1:123456789012:connection\//);
  });

  test('builds with cargo-lambda, tests, and synthesises by the same configuration', () => {
    const build = builds('deployed_every_key').find(({ commands }) => JSON.stringify(commands).includes('make lambda'));
    const commands = [...(build?.commands.install.commands ?? []), ...(build?.commands.build.commands ?? [])].join(
      '\n',
    );
    assert.match(commands, /^make lambda ARCHITECTURE=arm64$/m);
    assert.match(commands, /^make test-rust test-infra$/m);
    assert.match(commands, /^make synth CONFIG=tests\/config\/deploy\/good\/deployed_every_key\.toml$/m);
    const targets = [...repository('Makefile').matchAll(/^([a-z-]+):/gm)].map(([, target]) => target);
    for (const target of ['lambda', 'test-rust', 'test-infra', 'synth']) {
      assert.ok(targets.includes(target), target);
    }
    assert.equal(build?.environment.Type, 'ARM_CONTAINER');
  });

  test('changes itself with the pinned command line', () => {
    const pinned = `aws-cdk@${devDependencies['aws-cdk']}`;
    assert.ok(builds('deployed_every_key').some(({ commands }) => JSON.stringify(commands).includes(pinned)));
  });

  test('deploys every stack, each after those that it needs', () => {
    const deployed = stages('deployed_every_key')
      .at(-1)
      .Actions.filter(({ Name }: Loose) => Name.endsWith('Deploy'));
    const order = new Map<string, number>(
      deployed.map(({ Name, RunOrder }: Loose) => [Name.replace('.Deploy', ''), RunOrder]),
    );
    assert.deepEqual([...order.keys()].toSorted(), [
      'Portcullis',
      'PortcullisForwarding',
      'PortcullisLakeRole',
      'PortcullisManagementForwarding-us-gov-east-1',
      'PortcullisManagementForwarding-us-gov-west-1',
      'PortcullisManagementSpoke',
      'PortcullisRoles',
      'PortcullisSpokes',
    ]);
    const at = (name: string) => order.get(name) ?? assert.fail(name);
    assert.ok(at('PortcullisRoles') < at('Portcullis') && at('PortcullisRoles') < at('PortcullisSpokes'));
    assert.ok(at('Portcullis') < at('PortcullisForwarding'));
  });

  test('keeps what it builds encrypted, in every region, with keys that are rotated', () => {
    const { templates } = synthesised('deployed_every_key');
    const elsewhere = [...templates]
      .filter(([stack]) => stack.startsWith('cross-region-stack'))
      .map(([, made]) => made);
    assert.equal(elsewhere.length, 1);
    for (const made of [template('deployed_every_key', 'PortcullisPipeline'), ...elsewhere]) {
      assert.equal(one(made, 'AWS::KMS::Key').Properties.EnableKeyRotation, true);
      const bucket = one(made, 'AWS::S3::Bucket').Properties;
      const [rule] = bucket.BucketEncryption.ServerSideEncryptionConfiguration;
      assert.equal(rule.ServerSideEncryptionByDefault.SSEAlgorithm, 'aws:kms');
      assert.equal(bucket.PublicAccessBlockConfiguration.BlockPublicAcls, true);
    }
  });

  test('refuses a configuration that it could not read', () => {
    const outside = join(mkdtempSync(join(tmpdir(), 'portcullis-outside-')), 'config.toml');
    cpSync(configPath('deployed_every_key'), outside);
    const make = () =>
      populate(new App({ autoSynth: false }), config('deployed_every_key'), { configPath: outside, binaries });
    assert.throws(make, OutsideRepository);
    rmSync(outside);
  });
});

test('the tags are on the pipeline too, and on what it deploys', () => {
  const tags = (stack: string, type: string) => one(template('deployed_every_key', stack), type).Properties.Tags;
  const expected = [
    { Key: 'cost-center', Value: '4711' },
    { Key: 'team', Value: 'security' },
  ];
  assert.deepEqual(tags('PortcullisPipeline', 'AWS::CodePipeline::Pipeline'), expected);
  assert.deepEqual(tags('PortcullisSpokes', 'AWS::CloudFormation::StackSet'), expected);
});

test('in CodeBuild a build of one commit has one hash, whatever its bytes; elsewhere the bytes decide', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-hash-'));
  const hash = (content: string, commit?: string) => {
    cpSync(binaries, join(folder, 'lambda'), { recursive: true });
    writeFileSync(join(folder, 'lambda/poller/bootstrap'), content);
    if (commit !== undefined) {
      process.env['CODEBUILD_RESOLVED_SOURCE_VERSION'] = commit;
    }
    try {
      const app = new App({ autoSynth: false, analyticsReporting: false, outdir: mkdtempSync(join(folder, 'out-')) });
      populate(app, config('deployed_pushes_only'), {
        configPath: configPath('deployed_pushes_only'),
        binaries: join(folder, 'lambda'),
      });
      const { directory } = app.synth();
      const made = JSON.parse(readFileSync(join(directory, 'Portcullis.template.json'), 'utf8'));
      return one(made, 'AWS::Lambda::Function', ({ FunctionName }) => FunctionName === 'portcullis-poller').Properties
        .Code.S3Key;
    } finally {
      delete process.env['CODEBUILD_RESOLVED_SOURCE_VERSION'];
      process.exitCode = 0;
    }
  };
  try {
    assert.notEqual(hash('one'), hash('other'));
    assert.equal(hash('one', 'abc'), hash('other', 'abc'));
    assert.notEqual(hash('one', 'abc'), hash('one', 'def'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
