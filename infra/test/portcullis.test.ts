/** The stack Portcullis: what is in it, and how it is set. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { App } from 'aws-cdk-lib';

import tableJson from '../../shared/table.json';
import { populate } from '../lib/app';
import { NotBuilt } from '../lib/portcullis/function';
import { CONFIGS, config, configPath, type Loose, one, resources, synthesised, template, text } from './support';

const portcullis = (name: Parameters<typeof template>[0] = 'deployed') => template(name, 'Portcullis');
const lambda = (name: string, from = portcullis()) =>
  one(from, 'AWS::Lambda::Function', ({ FunctionName }) => FunctionName === `portcullis-${name}`);

describe('the functions', () => {
  test('run on provided.al2023, in the time that they are made for, and outside of any VPC', () => {
    for (const [name, timeout] of [
      ['poller', 300],
      ['responder', 30],
    ] as const) {
      const { Properties } = lambda(name);
      assert.equal(Properties.Runtime, 'provided.al2023');
      assert.equal(Properties.Handler, 'bootstrap');
      assert.equal(Properties.Timeout, timeout);
      assert.equal(Properties.VpcConfig, undefined);
      assert.equal(Properties.Environment, undefined);
    }
    for (const name of CONFIGS) {
      const types = Object.values(portcullis(name).Resources).map(({ Type }) => Type);
      assert.deepEqual(
        types.filter((type) => type.startsWith('AWS::EC2::')),
        [],
      );
    }
  });

  test('have the architecture of the configuration', () => {
    assert.deepEqual(lambda('poller').Properties.Architectures, ['x86_64']);
    assert.deepEqual(lambda('poller', portcullis('deployed_every_key')).Properties.Architectures, ['arm64']);
  });

  test('have the binary and config.toml in their zip', () => {
    const { folder } = synthesised('deployed');
    const assets = readdirSync(folder).filter((name) => name.startsWith('asset.'));
    assert.equal(assets.length, 2);
    const bootstraps = assets.map((asset) => readFileSync(join(folder, asset, 'bootstrap'), 'utf8'));
    assert.deepEqual(bootstraps.toSorted(), ['the poller', 'the responder']);
    for (const asset of assets) {
      assert.equal(
        readFileSync(join(folder, asset, 'config.toml'), 'utf8'),
        readFileSync(configPath('deployed'), 'utf8'),
      );
    }
  });

  test('that are not built are named, with the command that builds them', () => {
    const path = configPath('deployed');
    const build = () =>
      populate(new App({ autoSynth: false }), config('deployed'), { configPath: path, binaries: '/nowhere' });
    assert.throws(
      build,
      (error: Error) =>
        error instanceof NotBuilt && /poller is not built\. Build both: make lambda/.test(error.message),
    );
  });

  test('that are built for another architecture are told of, with the command that builds them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-architecture-'));
    // The head of a program for x86_64.
    const elf = Buffer.alloc(64);
    elf.write('\x7fELF', 'latin1');
    elf.writeUInt16LE(62, 18);
    for (const name of ['poller', 'responder']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'bootstrap'), elf);
    }
    const warnings = (name: Parameters<typeof config>[0]) => {
      const app = new App({ autoSynth: false, analyticsReporting: false, outdir: join(folder, name) });
      populate(app, config(name), { configPath: configPath(name), binaries: folder });
      return app.node
        .findAll()
        .flatMap(({ node }) => node.metadata)
        .filter(({ type, data }) => type === 'aws:cdk:warning' && String(data).includes('bootstrap'))
        .map(({ data }) => String(data));
    };
    try {
      assert.deepEqual(warnings('deployed'), []);
      const [first = '', ...others] = warnings('deployed_every_key');
      assert.match(first, /poller\/bootstrap is not built for arm64.*: make lambda ARCHITECTURE=arm64/);
      assert.equal(others.length, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are invoked once a tick, and no old tick is made up for', () => {
    const { Properties } = one(portcullis(), 'AWS::Lambda::EventInvokeConfig');
    assert.equal(Properties.MaximumRetryAttempts, 0);
    assert.equal(Properties.MaximumEventAgeInSeconds, 60);
  });
});

describe('the table', () => {
  for (const name of CONFIGS) {
    test(`of ${name} is that of shared/table.json, and is not lost`, () => {
      const { Properties, ...rest } = one(portcullis(name), 'AWS::DynamoDB::Table');
      const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, BillingMode } = Properties;
      assert.deepEqual(
        { TableName, BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes },
        { ...tableJson, TableName: config(name).store.table },
      );
      assert.equal(BillingMode, 'PAY_PER_REQUEST');
      assert.equal(Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled, true);
      assert.deepEqual(Properties.TimeToLiveSpecification, { AttributeName: 'expires_at', Enabled: true });
      assert.equal(Properties.DeletionProtectionEnabled, true);
      assert.deepEqual([rest['DeletionPolicy'], rest['UpdateReplacePolicy']], ['Retain', 'Retain']);
    });
  }
});

describe('the API', () => {
  test('has the one route that the responder knows', () => {
    const routes = resources(portcullis(), 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties.RouteKey);
    assert.deepEqual(routes, ['POST /slack/interactions']);
    const integration = one(portcullis(), 'AWS::ApiGatewayV2::Integration').Properties;
    assert.equal(integration.PayloadFormatVersion, '2.0');
    assert.match(text(integration.IntegrationUri), /responder/);
  });

  test('is throttled, and logs neither bodies nor headers', () => {
    const stage = one(portcullis(), 'AWS::ApiGatewayV2::Stage').Properties;
    assert.deepEqual(
      [stage.DefaultRouteSettings.ThrottlingRateLimit, stage.DefaultRouteSettings.ThrottlingBurstLimit],
      [100, 200],
    );
    assert.equal(stage.StageName, '$default');
    const format = stage.AccessLogSettings.Format as string;
    assert.match(format, /"status":"\$context\.status"/);
    assert.doesNotMatch(format, /header|body|authorizer/i);
  });

  test("is Slack's interactivity URL", () => {
    const { InteractivityUrl } = portcullis().Outputs ?? {};
    assert.match(text(InteractivityUrl.Value), /^\$\{ApiHttp[^}]*\.ApiEndpoint\}\/slack\/interactions$/);
  });
});

describe('the schedules', () => {
  const ticks = (name: Parameters<typeof template>[0]) =>
    Object.fromEntries(
      resources(portcullis(name), 'AWS::Events::Rule')
        .filter(([, { Properties }]) => Properties.ScheduleExpression !== undefined)
        .map(([, { Properties }]) => [Properties.Targets[0].Input, Properties.ScheduleExpression]),
    );

  test('are those of [timing], with the words that the poller knows', () => {
    assert.deepEqual(ticks('deployed'), {
      '{"tick":"poll"}': 'rate(10 minutes)',
      '{"tick":"sweep"}': 'rate(1 minute)',
    });
    assert.deepEqual(ticks('deployed_every_key'), {
      '{"tick":"poll"}': 'rate(5 minutes)',
      '{"tick":"sweep"}': 'rate(2 minutes)',
    });
  });

  test('do not poll where there is no lake', () => {
    assert.deepEqual(Object.keys(ticks('deployed_pushes_only')), ['{"tick":"sweep"}']);
  });
});

describe('pushed events', () => {
  test('may be put on the bus by the organization only', () => {
    const { Statement } = one(portcullis(), 'AWS::Events::EventBusPolicy').Properties;
    assert.equal(Statement.Action, 'events:PutEvents');
    assert.deepEqual(Statement.Condition, { StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorgid' } });
    assert.equal(one(portcullis(), 'AWS::Events::EventBus').Properties.Name, 'portcullis');
  });

  test("go from the bus to the queue if they are EC2's own, by CloudTrail", () => {
    const { Properties } = one(portcullis(), 'AWS::Events::Rule', ({ EventPattern }) => EventPattern !== undefined);
    assert.deepEqual(Properties.EventPattern.source, ['aws.ec2']);
    assert.deepEqual(Properties.EventPattern['detail-type'], ['AWS API Call via CloudTrail']);
    assert.match(text(Properties.EventBusName), /^\$\{PushedBus/);
    assert.match(text(Properties.Targets[0].Arn), /^\$\{PushedQueue.*\.Arn\}$/);
    assert.match(text(Properties.Targets[0].DeadLetterConfig.Arn), /^\$\{PushedDeadLetters.*\.Arn\}$/);
  });

  test('wait for 14 days, are put aside after 10 tries, and come to two pollers at once at most', () => {
    const queue = (name: string) =>
      one(portcullis(), 'AWS::SQS::Queue', ({ QueueName }) => QueueName === name).Properties;
    const [pushed, dead] = [queue('portcullis-pushed'), queue('portcullis-pushed-dead')];
    assert.deepEqual([pushed.MessageRetentionPeriod, dead.MessageRetentionPeriod], [1_209_600, 1_209_600]);
    assert.equal(pushed.RedrivePolicy.maxReceiveCount, 10);
    assert.equal(pushed.VisibilityTimeout, 6 * lambda('poller').Properties.Timeout);
    assert.deepEqual([pushed.SqsManagedSseEnabled, dead.SqsManagedSseEnabled], [true, true]);
    const mapping = one(portcullis(), 'AWS::Lambda::EventSourceMapping').Properties;
    assert.deepEqual(mapping.FunctionResponseTypes, ['ReportBatchItemFailures']);
    assert.deepEqual(mapping.ScalingConfig, { MaximumConcurrency: 2 });
    assert.match(text(mapping.FunctionName), /^\$\{poller/);
  });

  test('are not there where nothing is forwarded', () => {
    for (const type of ['AWS::Events::EventBus', 'AWS::SQS::Queue', 'AWS::Lambda::EventSourceMapping']) {
      assert.deepEqual(resources(portcullis('deployed_roles_exist'), type), []);
    }
  });
});

describe('secrets', () => {
  test('are made without their values, and stay', () => {
    const { Properties, ...rest } = one(portcullis(), 'AWS::SecretsManager::Secret');
    assert.equal(Properties.Name, 'portcullis/slack');
    assert.equal(Properties.SecretString, undefined);
    assert.equal(Properties.GenerateSecretString.SecretStringTemplate, '{}');
    assert.match(Properties.Description, /bot_token, signing_secret/);
    assert.equal(rest['DeletionPolicy'], 'Retain');
  });

  test('are not made where they are there, or lie in SSM', () => {
    for (const name of ['deployed_every_key', 'deployed_pushes_only'] as const) {
      assert.deepEqual(resources(portcullis(name), 'AWS::SecretsManager::Secret'), []);
    }
  });
});

test('every log group has a retention, that of the configuration', () => {
  for (const [name, days] of [
    ['deployed', 90],
    ['deployed_every_key', 365],
  ] as const) {
    const groups = resources(portcullis(name), 'AWS::Logs::LogGroup').map(([, { Properties }]) => [
      Properties.LogGroupName,
      Properties.RetentionInDays,
    ]);
    assert.deepEqual(groups, [
      ['/aws/lambda/portcullis-poller', days],
      ['/aws/lambda/portcullis-responder', days],
      ['/aws/vendedlogs/portcullis-api', days],
    ]);
  }
});

test('tags are on everything that takes them', () => {
  const { Tags } = one(portcullis('deployed_every_key'), 'AWS::DynamoDB::Table').Properties;
  assert.deepEqual(Tags, [
    { Key: 'cost-center', Value: '4711' },
    { Key: 'team', Value: 'security' },
  ]);
});

test('no template has the ARN of one partition in it, but where the configuration gives a whole ARN', () => {
  for (const name of CONFIGS) {
    for (const [stack, made] of synthesised(name).templates) {
      const literal = JSON.stringify(made).match(/arn:aws[a-z-]*:[^"]*/g) ?? [];
      const given = literal.filter((arn) => !readFileSync(configPath(name), 'utf8').includes(arn.replace(/#.*/, '')));
      assert.deepEqual(given, [], `${name}: ${stack}`);
    }
  }
});

test('no template holds a parameter or a value that only AWS could look up', () => {
  for (const name of CONFIGS) {
    assert.equal(existsSync(join(synthesised(name).folder, 'cdk.context.json')), false);
    for (const [stack, made] of synthesised(name).templates) {
      const parameters = Object.keys((made as Loose).Parameters ?? {});
      assert.deepEqual(
        parameters.filter((parameter) => parameter !== 'BootstrapVersion'),
        [],
        `${name}: ${stack}`,
      );
    }
  }
});
