/** Alarms: on what the functions really write, and somebody is told. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { ROOT } from '../lib/app';
import { ALARM_WORDS, POLLER_METRICS, TICK_ENDED } from '../lib/portcullis/metrics';
import { type ConfigName, type Loose, one, repository, resources, template, text } from './support';

function alarms(name: ConfigName = 'deployed'): Map<string, Loose> {
  const all = resources(template(name, 'Portcullis'), 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
  return new Map(all.map((properties) => [properties.AlarmName, properties]));
}

function alarm(name: string, config: ConfigName = 'deployed'): Loose {
  return alarms(config).get(name) ?? assert.fail(`no alarm ${name}`);
}

/** What an alarm compares, in one line. */
const condition = ({
  MetricName,
  Statistic,
  Period,
  EvaluationPeriods,
  ComparisonOperator,
  Threshold,
  TreatMissingData,
}: Loose) =>
  `${Statistic} of ${MetricName} in ${EvaluationPeriods} x ${Period} s ${ComparisonOperator === 'LessThanThreshold' ? '<' : '>'} ${Threshold}, missing ${TreatMissingData}`;

describe('the words', () => {
  const rust = ['poller/src', 'responder/src', 'shared/src', 'shared/adapters/src'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.rs'))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  );

  test('that ask for a person are those that the functions log', () => {
    const logged = new Set(
      rust.flatMap((source) => [...source.matchAll(/\balarm = "(\w+)"/g)].map(([, word]) => word)),
    );
    assert.deepEqual([...logged].toSorted(), [...ALARM_WORDS].toSorted());
  });

  test('lie at the top of a log line', () => {
    assert.match(repository('shared/adapters/src/start.rs'), /\.json\(\)\.flatten_event\(true\)/);
  });

  test('of the metrics are those that the poller writes, with its units', () => {
    const source = repository('poller/src/metrics.rs');
    const written = [...source.matchAll(/named\("(\w+)", [^"]*"(\w+)"\)/g)].map(
      ([, name, unit]) => [name, unit] as const,
    );
    assert.deepEqual(
      written.map(([name]) => name),
      [...POLLER_METRICS],
    );
    assert.match(source, /const NAMESPACE: &str = "Portcullis";/);
    assert.match(source, /"Dimensions": \[\["function"\]\]/);
    const units = new Map(written);
    for (const { Namespace, MetricName, Unit, Dimensions } of alarms().values()) {
      if (Namespace === 'Portcullis' && Dimensions !== undefined) {
        assert.equal(Unit, units.get(MetricName));
        assert.deepEqual(Dimensions, [{ Name: 'function', Value: 'poller' }]);
      }
    }
  });

  test('of the line that a tick ends with are the ones that are counted', () => {
    const source = repository('poller/src/metrics.rs');
    assert.ok(source.includes(`json!("${TICK_ENDED}")`));
    assert.match(source, /"level".*is_some\(\) \{ "ERROR" \} else \{ "INFO" \}/);
    const filters = resources(template('deployed', 'Portcullis'), 'AWS::Logs::MetricFilter').map(
      ([, { Properties }]) => Properties,
    );
    const pattern = (metric: string) =>
      filters
        .filter(({ MetricTransformations }) => MetricTransformations[0].MetricName === metric)
        .map(({ FilterPattern }) => FilterPattern);
    assert.deepEqual(pattern('ticks_ended'), ['{ $.message = "tick ended" }']);
    assert.deepEqual(pattern('polls_done'), [
      '{ ($.message = "tick ended") && ($.tick = "poll") && ($.level = "INFO") }',
    ]);
    for (const word of ALARM_WORDS) {
      const both = `{ $.alarm = "${word}" }`;
      assert.deepEqual(pattern(`alarm_${word}`), [both, both]);
    }
  });
});

describe('the alarms', () => {
  test('are these', () => {
    const all = [...alarms()].map(([name, properties]) =>
      properties.Metrics ? `${name}: an expression` : `${name}: ${condition(properties)}`,
    );
    assert.deepEqual(all, [
      'portcullis-revert-failed: Sum of alarm_revert_failed in 1 x 300 s > 0, missing notBreaching',
      'portcullis-poller-failed: Sum of Errors in 2 x 600 s > 0, missing notBreaching',
      'portcullis-poller-silent: Sum of ticks_ended in 1 x 300 s < 1, missing breaching',
      'portcullis-gap: Sum of alarm_gap in 1 x 300 s > 0, missing notBreaching',
      'portcullis-lake-not-read: Sum of polls_done in 3 x 600 s < 1, missing breaching',
      'portcullis-lake-bytes: Sum of bytes_scanned in 1 x 86400 s > 100000000000, missing notBreaching',
      'portcullis-card-late: Maximum of oldest_without_card in 1 x 300 s > 900, missing notBreaching',
      'portcullis-slack-refused: Sum of alarm_slack_refused in 1 x 300 s > 0, missing notBreaching',
      'portcullis-card-refused: Sum of alarm_card_refused in 1 x 300 s > 0, missing notBreaching',
      'portcullis-damaged-item: Sum of alarm_damaged_item in 1 x 300 s > 0, missing notBreaching',
      'portcullis-responder-failed: Sum of Errors in 1 x 300 s > 0, missing notBreaching',
      'portcullis-clicks-failed: Sum of 5xx in 1 x 300 s > 0, missing notBreaching',
      'portcullis-dead-letters: Maximum of ApproximateNumberOfMessagesVisible in 1 x 300 s > 0, missing notBreaching',
      'portcullis-pushed-late: Maximum of ApproximateAgeOfOldestMessage in 1 x 300 s > 900, missing notBreaching',
      'portcullis-poller-throttled: Sum of Throttles in 1 x 300 s > 0, missing notBreaching',
      'portcullis-responder-throttled: Sum of Throttles in 1 x 300 s > 0, missing notBreaching',
      'portcullis-table-throttled: an expression',
    ]);
  });

  test('watch the functions, the queues and the table of this stack', () => {
    assert.match(text(alarm('portcullis-poller-failed').Dimensions[0].Value), /^\$\{pollerFunction/);
    assert.match(text(alarm('portcullis-responder-failed').Dimensions[0].Value), /^\$\{responderFunction/);
    assert.match(text(alarm('portcullis-dead-letters').Dimensions[0].Value), /^\$\{PushedDeadLetters/);
    assert.match(text(alarm('portcullis-clicks-failed').Dimensions[0].Value), /^\$\{ApiHttp/);
    const metrics = alarm('portcullis-table-throttled').Metrics as Loose[];
    const [expression, ...throttled] = metrics.map(({ Expression, MetricStat }) =>
      MetricStat === undefined
        ? Expression
        : [
            MetricStat.Metric.MetricName,
            ...MetricStat.Metric.Dimensions.map(({ Name, Value }: Loose) => `${Name}=${text(Value)}`),
          ].join(' '),
    );
    assert.equal(expression, 'FILL(getitem, 0) + FILL(putitem, 0) + FILL(query, 0) + FILL(updateitem, 0)');
    assert.deepEqual(
      throttled,
      ['GetItem', 'PutItem', 'Query', 'UpdateItem'].map(
        (operation) => `ThrottledRequests Operation=${operation} TableName=\${Table}`,
      ),
    );
  });

  test('look for errors in periods in which something runs: the sweeps, where there is no lake', () => {
    assert.equal(alarm('portcullis-poller-failed').Period, 600);
    assert.equal(alarm('portcullis-poller-failed', 'deployed_pushes_only').Period, 300);
  });

  test('know nothing of a lake or of pushed events where there are none', () => {
    const names = (config: ConfigName) => [...alarms(config).keys()].filter((name) => /lake|dead|pushed/.test(name));
    assert.deepEqual(names('deployed_pushes_only'), ['portcullis-dead-letters', 'portcullis-pushed-late']);
    assert.deepEqual(names('deployed_roles_exist'), ['portcullis-lake-not-read', 'portcullis-lake-bytes']);
  });

  test('follow the configuration', () => {
    assert.equal(alarm('portcullis-lake-bytes', 'deployed_every_key').Threshold, 7_000_000_000);
    assert.equal(alarm('portcullis-poller-silent', 'deployed_every_key').Period, 360);
    assert.equal(alarm('portcullis-lake-not-read', 'deployed_every_key').Period, 300);
  });

  test('tell somebody, also that it is well again', () => {
    for (const { AlarmActions, OKActions } of alarms().values()) {
      assert.deepEqual(AlarmActions.map(text), ['${AlarmsTopic3A2DFEBA}']);
      assert.deepEqual(OKActions, AlarmActions);
    }
    const given = 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:security-alarms';
    assert.deepEqual(alarm('portcullis-gap', 'deployed_every_key').AlarmActions, [given]);
    assert.deepEqual(resources(template('deployed_every_key', 'Portcullis'), 'AWS::SNS::Topic'), []);
    const subscription = one(template('deployed_roles_exist', 'Portcullis'), 'AWS::SNS::Subscription').Properties;
    assert.deepEqual([subscription.Protocol, subscription.Endpoint], ['email', 'security@example.com']);
  });

  test('may publish on the topic that is made', () => {
    const { Statement } = one(template('deployed', 'Portcullis'), 'AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    const allowed = Statement.filter(({ Effect }: Loose) => Effect === 'Allow');
    assert.deepEqual(
      allowed.map(({ Principal, Action, Resource }: Loose) => [Principal, Action, text(Resource)]),
      [[{ Service: 'cloudwatch.amazonaws.com' }, 'sns:Publish', '${AlarmsTopic3A2DFEBA}']],
    );
    assert.equal(
      text(allowed[0].Condition.ArnLike['aws:SourceArn']),
      'arn:${AWS::Partition}:cloudwatch:eu-west-1:123456789012:alarm:portcullis-*',
    );
    assert.ok([...alarms().keys()].every((name) => name.startsWith('portcullis-')));
  });

  test('and what they watch are on the dashboard', () => {
    const { DashboardName, DashboardBody } = one(
      template('deployed', 'Portcullis'),
      'AWS::CloudWatch::Dashboard',
    ).Properties;
    assert.equal(DashboardName, 'Portcullis');
    const { widgets } = JSON.parse(text(DashboardBody)) as { widgets: Loose[] };
    const status = widgets.find(({ type }) => type === 'alarm');
    assert.equal(status.properties.alarms.length, alarms().size);
    const shown = JSON.stringify(widgets);
    for (const word of [
      ...ALARM_WORDS.map((word) => `alarm_${word}`),
      'oldest_without_card',
      'reverts_failed',
      'bytes_scanned',
      '5xx',
    ]) {
      assert.ok(shown.includes(word), word);
    }
  });
});
