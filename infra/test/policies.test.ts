/** The policies allow exactly what the code calls: `shared/aws-calls.json` is held against both. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import calls from '../../shared/aws-calls.json';
import { ROOT } from '../lib/app';
import { EVENT_NAMES } from '../lib/events';
import {
  CONFIGS,
  type ConfigName,
  inside,
  one,
  policyOf,
  repository,
  type Statement,
  statements,
  template,
} from './support';

type Caller = Exclude<keyof typeof calls, 'about'>;
type Call = { action: string; on: string; operation?: string; by_lambda?: boolean };
const listed = (caller: Caller) => calls[caller] as readonly Call[];

/** The Rust files below a folder, without their tests: a path, and its text. */
function sources(folder: string): (readonly [string, string])[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.rs') && !name.includes('tests'))
    .map((name) => [name, readFileSync(join(ROOT, folder, name), 'utf8').split('#[cfg(test)]')[0] ?? ''] as const);
}

/** The SDK's methods that are called on a client. */
function operations(text: string): string[] {
  const flat = text.replace(/\s+\./g, '.');
  const client = /(?:\bclient|\bsts|Client::new\(\w+\))\.([a-z_]+)\(/g;
  return [...flat.matchAll(client)]
    .map(([, operation]) => operation ?? '')
    .filter((operation) => operation !== 'clone');
}

describe('the list of calls', () => {
  test('has every operation of the SDK that the adapters call, and no other', () => {
    const called = new Set(sources('shared/adapters/src').flatMap(([, text]) => operations(text)));
    const known = new Set(
      Object.keys(calls)
        .filter((key) => key !== 'about')
        .flatMap((caller) => listed(caller as Caller))
        .flatMap(({ operation }) => operation ?? []),
    );
    assert.deepEqual([...called].toSorted(), [...known].toSorted());
    assert.equal(called.size, 13);
  });

  test('has actions that are spelled as the operations', () => {
    for (const caller of ['poller', 'responder', 'lake_read', 'spoke'] as const) {
      for (const { action, operation, by_lambda } of listed(caller)) {
        const snake = action
          .split(':')[1]
          ?.replace(/(?<!^)([A-Z])/g, '_$1')
          .toLowerCase();
        assert.ok(by_lambda ? operation === undefined : operation === snake, action);
      }
    }
  });

  test('lets the responder query nothing: it reaches none of the flows that do', () => {
    const flows = new Map(sources('shared/src/flows').map(([name, text]) => [name.replace('.rs', ''), text]));
    const named = (text: string) =>
      [...flows.keys()].filter((flow) =>
        new RegExp(`\\b${flow}::`).test(text.replace(/\/\/.*|ingest::note_values/g, '')),
      );
    const reached = new Set<string>();
    const queue = sources('responder/src').flatMap(([, text]) => named(text));
    for (let flow = queue.pop(); flow !== undefined; flow = queue.pop()) {
      if (!reached.has(flow)) {
        reached.add(flow);
        queue.push(...named(flows.get(flow) ?? ''));
      }
    }
    // What a post takes of that flow, which itself reaches more, notes values only.
    const [noting = ''] = /fn note_values<[\s\S]*?^async fn note_all<[\s\S]*?^}/m.exec(flows.get('ingest') ?? '') ?? [];
    assert.match(noting, /store\.note_value\(/);
    assert.doesNotMatch(noting, /withdraw|open_in|store\.due/);
    assert.ok(reached.has('decide') && reached.has('revert') && reached.has('post'));
    const calling = (pattern: RegExp) =>
      [...flows].filter(([, text]) => pattern.test(text.replace(/\s+\./g, '.'))).map(([flow]) => flow);
    assert.deepEqual(calling(/store\.due\(/), ['due']);
    assert.deepEqual(calling(/store\.open_in\(/), ['withdraw']);
    // In that file one function does, and one other flow calls it.
    const [, withdraw = ''] = /pub async fn withdraw<([\s\S]*?)^}/m.exec(flows.get('withdraw') ?? '') ?? [];
    assert.equal((flows.get('withdraw') ?? '').split('open_in').length, withdraw.split('open_in').length);
    assert.deepEqual(calling(/\bwithdraw\(/), ['ingest']);
    assert.deepEqual(
      ['due', 'ingest', 'watch'].filter((flow) => reached.has(flow)),
      [],
    );
    assert.equal(
      listed('responder').some(({ action }) => action === 'dynamodb:Query'),
      false,
    );
  });
});

describe('the policies', () => {
  /** What a configuration has no use for is left out. */
  const unused: Readonly<Record<ConfigName, readonly string[]>> = {
    deployed: ['writing_parameters', 'signing_parameters'],
    deployed_every_key: ['writing_secrets', 'signing_parameters'],
    deployed_pushes_only: ['lake_read_role', 'writing_secrets', 'signing_secrets'],
    deployed_roles_exist: ['writing_parameters', 'signing_parameters', 'pushed_queue'],
  };

  const actions = (policy: readonly Statement[]) => policy.flatMap(({ actions }) => actions).toSorted();
  const expected = (name: ConfigName, caller: Caller) =>
    listed(caller)
      .filter(({ on }) => !unused[name].includes(on))
      .map(({ action }) => action)
      .toSorted();

  for (const name of CONFIGS) {
    test(`of the functions in ${name} have every call of the list, and no other`, () => {
      for (const caller of ['poller', 'responder'] as const) {
        assert.deepEqual(actions(policyOf(name, caller)), expected(name, caller), caller);
      }
    });
  }

  test('of the roles that are assumed have every call of the list, and no other', () => {
    const spoke = one(inside(template('deployed', 'PortcullisSpokes')), 'AWS::IAM::Role').Properties.Policies[0];
    const lake = one(template('deployed', 'PortcullisLakeRole'), 'AWS::IAM::Role').Properties.Policies[0];
    assert.deepEqual(actions(statements(spoke.PolicyDocument)), expected('deployed', 'spoke'));
    assert.deepEqual(actions(statements(lake.PolicyDocument)), expected('deployed', 'lake_read'));
  });

  test('name their resources', () => {
    const on = (policy: readonly Statement[], action: string) =>
      policy.filter(({ actions }) => actions.includes(action)).flatMap(({ resources }) => resources);
    const poller = policyOf('deployed', 'poller');
    const here = (service: string, rest: string) => `arn:\${AWS::Partition}:${service}:eu-west-1:123456789012:${rest}`;
    assert.deepEqual(on(poller, 'dynamodb:PutItem'), [here('dynamodb', 'table/secgrouprequests')]);
    assert.deepEqual(on(poller, 'dynamodb:Query'), [
      here('dynamodb', 'table/secgrouprequests/index/due'),
      here('dynamodb', 'table/secgrouprequests/index/open'),
    ]);
    assert.deepEqual(on(poller, 'secretsmanager:GetSecretValue'), [
      here('secretsmanager', 'secret:portcullis/slack-??????'),
    ]);
    assert.deepEqual(on(poller, 'sqs:ReceiveMessage'), [here('sqs', 'portcullis-pushed')]);
    assert.deepEqual(on(poller, 'logs:PutLogEvents'), [
      here('logs', 'log-group:/aws/lambda/portcullis-poller:log-stream:*'),
    ]);
    const responder = policyOf('deployed_every_key', 'responder');
    const gov = (service: string, rest: string) =>
      `arn:\${AWS::Partition}:${service}:us-gov-west-1:123456789012:${rest}`;
    assert.deepEqual(on(responder, 'ssm:GetParameter'), [gov('ssm', 'parameter/portcullis/bot_token')]);
    assert.deepEqual(
      on(responder, 'secretsmanager:GetSecretValue').toSorted(),
      [
        gov('secretsmanager', 'secret:portcullis/signing-??????'),
        'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:old-signing-AbCdEf',
      ].toSorted(),
    );
  });

  test('let the poller assume the spoke role in the organization and the Lake read role, the responder the spoke role alone', () => {
    const assumed = (name: ConfigName, caller: 'poller' | 'responder') =>
      policyOf(name, caller)
        .filter(({ actions }) => actions.includes('sts:AssumeRole'))
        .map(({ resources, conditions }) => [resources, conditions]);
    const spoke = [
      ['arn:${AWS::Partition}:iam::*:role/security/spoke-001'],
      { StringEquals: { 'aws:ResourceOrgID': 'o-exampleorgid' } },
    ];
    const lake = [['arn:${AWS::Partition}:iam::111111111111:role/security/cloudtrail-lake-read-role'], undefined];
    assert.deepEqual(assumed('deployed', 'poller'), [spoke, lake]);
    assert.deepEqual(assumed('deployed', 'responder'), [spoke]);
    assert.equal(assumed('deployed_pushes_only', 'poller').length, 1);
  });

  test('give the poller no signing secret', () => {
    const poller = policyOf('deployed_every_key', 'poller').flatMap(({ resources }) => resources);
    assert.deepEqual(
      poller.filter((arn) => arn.includes('signing')),
      [],
    );
  });
});

test("what is forwarded is what the functions read, and what the lake's query asks for", () => {
  const [, calls = ''] = /const NAMED: \[[^=]*= \[([^\]]*)\]/.exec(repository('shared/src/domain/record/mod.rs')) ?? [];
  assert.deepEqual(
    [...calls.matchAll(/"(\w+)"/g)].map(([, name]) => name),
    [...EVENT_NAMES],
  );
  const query = repository('shared/adapters/src/lake/query.rs');
  assert.match(query, /domain::\{.*record::CALLS/);
});
