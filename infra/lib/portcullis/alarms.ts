/** The alarms, and who is told. What each means and what to do stands in docs/operations.md. */

import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
  Unit,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

import calls from '../../../shared/aws-calls.json';
import type { Deployable } from '../config';
import { FUNCTIONS, type FunctionName, TOPIC } from '../names';
import type { SlackApi } from './api';
import type { PortcullisFunction } from './function';
import { type AlarmWord, type LogMetrics, pollerMetric } from './metrics';
import type { Pushed } from './pushed';

/** An opening that has no card by now: a change that has to be described waits 10 minutes for EC2. */
export const CARD_LATE = Duration.minutes(15);

/** A pushed event that nobody has taken by now. */
export const PUSH_LATE = Duration.minutes(15);

/** What the names of all alarms begin with. */
const PREFIX = 'portcullis-';

const GIGABYTE = 1_000_000_000;
const SHORT = Duration.minutes(5);
const DAY = Duration.days(1);

/** What an alarm is made of. Without `times` the first period counts; `missing` says what no data means. */
interface Watched {
  readonly name: string;
  readonly what: string;
  readonly metric: IMetric;
  readonly above?: number;
  readonly below?: number;
  readonly times?: number;
  readonly missing?: TreatMissingData;
}

/** What is watched. */
export interface Parts {
  readonly config: Deployable;
  readonly functions: Readonly<Record<FunctionName, PortcullisFunction>>;
  readonly table: CfnTable;
  readonly api: SlackApi;
  readonly pushed: Pushed | undefined;
  readonly logMetrics: LogMetrics;
}

/** The alarms, in the order of their weight. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];
  readonly topic: ITopic;

  constructor(scope: Construct, parts: Parts) {
    super(scope, 'Alarms');
    this.topic = this.topicOf(parts.config);
    const action = new SnsAction(this.topic);
    this.alarms = watched(parts).map(({ name, what, metric, above, below, times = 1, missing }) => {
      const alarm = new Alarm(this, name, {
        alarmName: `${PREFIX}${name}`,
        alarmDescription: `${what} See docs/operations.md.`,
        metric,
        threshold: above ?? below ?? 0,
        comparisonOperator:
          above === undefined ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: times,
        datapointsToAlarm: times,
        treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      return alarm;
    });
  }

  private topicOf({ deploy }: Deployable): ITopic {
    switch (deploy.alarms.kind) {
      case 'topic':
        return Topic.fromTopicArn(this, 'Topic', deploy.alarms.arn);
      case 'own-topic': {
        const topic = new Topic(this, 'Topic', { topicName: TOPIC, displayName: 'Portcullis', enforceSSL: true });
        // A topic with a policy has lost the one that it begins with, by which its account's alarms may publish.
        const alarms = { service: 'cloudwatch', resource: 'alarm', resourceName: `${PREFIX}*` };
        topic.addToResourcePolicy(
          new PolicyStatement({
            sid: 'Alarms',
            principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
            actions: ['sns:Publish'],
            resources: [topic.topicArn],
            conditions: {
              ArnLike: {
                'aws:SourceArn': Stack.of(this).formatArn({ ...alarms, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
              },
            },
          }),
        );
        if (deploy.alarms.email !== undefined) {
          topic.addSubscription(new EmailSubscription(deploy.alarms.email));
        }
        return topic;
      }
    }
  }
}

function watched(parts: Parts): Watched[] {
  return [...ofReverts(parts), ...ofReading(parts), ...ofCards(parts), ...ofPushed(parts), ...ofLimits(parts)];
}

function ofLog({ logMetrics }: Parts, word: AlarmWord, what: string): Watched {
  return { name: word.replaceAll('_', '-'), what, metric: logMetrics.alarm(word, SHORT), above: 0 };
}

function ofReverts(parts: Parts): Watched[] {
  return [ofLog(parts, 'revert_failed', 'A revert ended, and a rule that was denied is still open.')];
}

function ofReading(parts: Parts): Watched[] {
  const { config, functions, logMetrics } = parts;
  // In each period there has to be an invocation that could fail; without a lake only the sweeps come by themselves.
  const { pollEvery, sweepEvery } = config.timing;
  const often = clamp(config.lake === undefined ? sweepEvery : pollEvery, SHORT, Duration.hours(12));
  const sweep = clamp(3 * sweepEvery, SHORT, DAY);
  const errors = functions.poller.function.metricErrors({ period: often, statistic: Stats.SUM });
  const alarms: Watched[] = [
    {
      name: 'poller-failed',
      what: 'The poller failed in two periods in a row: read the errors in its log.',
      metric: errors,
      above: 0,
      times: 2,
    },
    {
      name: 'poller-silent',
      what: 'No invocation of the poller came to its end.',
      metric: logMetrics.ticksEnded(sweep),
      below: 1,
      missing: TreatMissingData.BREACHING,
    },
    ofLog(parts, 'gap', 'Nobody read an interval of CloudTrail; a card names it.'),
  ];
  if (config.lake === undefined) {
    return alarms;
  }
  return [
    ...alarms,
    {
      name: 'lake-not-read',
      what: 'Three polls in a row did not read CloudTrail Lake to the end.',
      metric: logMetrics.pollsDone(clamp(pollEvery, SHORT, DAY)),
      below: 1,
      times: 3,
      missing: TreatMissingData.BREACHING,
    },
    {
      name: 'lake-bytes',
      what: `Queries of CloudTrail Lake scanned more than ${config.deploy.lakeGigabytesADay} GB in a day (deploy.lake_gigabytes_a_day).`,
      metric: pollerMetric('bytes_scanned', Stats.SUM, DAY, Unit.BYTES),
      above: config.deploy.lakeGigabytesADay * GIGABYTE,
    },
  ];
}

function ofCards(parts: Parts): Watched[] {
  const { functions, api } = parts;
  return [
    {
      name: 'card-late',
      what: `An opening has had no card for more than ${CARD_LATE.toMinutes()} minutes.`,
      metric: pollerMetric('oldest_without_card', Stats.MAXIMUM, SHORT, Unit.SECONDS),
      above: CARD_LATE.toSeconds(),
    },
    ofLog(parts, 'slack_refused', 'Slack does not show a card until somebody mends the configuration.'),
    ofLog(parts, 'card_refused', "Slack refused a card's layout; its text went out alone."),
    ofLog(parts, 'damaged_item', 'An item of the table can not be read.'),
    {
      name: 'responder-failed',
      what: 'The responder failed: clicks are lost, and the people see an error.',
      metric: functions.responder.function.metricErrors({ period: SHORT, statistic: Stats.SUM }),
      above: 0,
    },
    {
      name: 'clicks-failed',
      what: 'Slack got a 5xx for a click: the person saw an error.',
      metric: api.api.metricServerError({ period: SHORT, statistic: Stats.SUM }),
      above: 0,
    },
  ];
}

function ofPushed({ pushed }: Parts): Watched[] {
  if (pushed === undefined) {
    return [];
  }
  return [
    {
      name: 'dead-letters',
      what: 'Pushed events were put aside: they were tried 10 times, or could not be queued.',
      metric: pushed.deadLetters.metricApproximateNumberOfMessagesVisible({ period: SHORT, statistic: Stats.MAXIMUM }),
      above: 0,
    },
    {
      name: 'pushed-late',
      what: `A pushed event has waited for more than ${PUSH_LATE.toMinutes()} minutes.`,
      metric: pushed.queue.metricApproximateAgeOfOldestMessage({ period: SHORT, statistic: Stats.MAXIMUM }),
      above: PUSH_LATE.toSeconds(),
    },
  ];
}

function ofLimits({ functions, table }: Parts): Watched[] {
  const throttled = (name: FunctionName): Watched => ({
    name: `${name}-throttled`,
    what: `Lambda did not run the ${name}: the account's limit of concurrent invocations is used up.`,
    metric: functions[name].function.metricThrottles({ period: SHORT, statistic: Stats.SUM }),
    above: 0,
  });
  // By operation, since that counts what an index throttles too; the events of an index are metrics of their own.
  const operations = Object.fromEntries(
    tableOperations().map((operation) => [
      operation.toLowerCase(),
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName: 'ThrottledRequests',
        dimensionsMap: { TableName: table.ref, Operation: operation },
        statistic: Stats.SUM,
        period: SHORT,
      }),
    ]),
  );
  const metric = new MathExpression({
    expression: Object.keys(operations)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics: operations,
    label: 'throttled requests',
    period: SHORT,
  });
  return [
    ...FUNCTIONS.map(throttled),
    { name: 'table-throttled', what: 'DynamoDB throttled requests to the table.', metric, above: 0 },
  ];
}

/** The operations that the functions call on the table and its indexes. */
function tableOperations(): string[] {
  const actions = FUNCTIONS.flatMap((name) => calls[name].map(({ action }) => action));
  return [...new Set(actions)].flatMap((action) => /^dynamodb:(.*)$/.exec(action)?.[1] ?? []).sort();
}

/** Periods of alarms are whole minutes, and a day at most. */
function clamp(seconds: number, least: Duration, most: Duration): Duration {
  return Duration.seconds(Math.min(Math.max(seconds, least.toSeconds()), most.toSeconds()));
}
