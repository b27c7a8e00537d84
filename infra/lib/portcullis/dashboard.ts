/** One page that shows whether it works. */

import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  LogQueryWidget,
  Stats,
  Unit,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

import { DASHBOARD, functionLogGroup, FUNCTIONS } from '../names';
import type { Alarms, Parts } from './alarms';
import { ALARM_WORDS, pollerMetric } from './metrics';

const PERIOD = Duration.minutes(5);

/** Makes the dashboard. */
export function dashboard(scope: Construct, parts: Parts, alarms: Alarms): Dashboard {
  const { functions, logMetrics, pushed, api } = parts;
  const count = (name: Parameters<typeof pollerMetric>[0]) => pollerMetric(name, Stats.SUM, PERIOD);
  const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
    new GraphWidget({ title, left, right, width: 8, height: 6 });
  const made = new Dashboard(scope, 'Dashboard', { dashboardName: DASHBOARD, defaultInterval: Duration.days(1) });
  made.addWidgets(new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms.alarms], width: 24, height: 4 }));
  made.addWidgets(
    graph('Openings', [count('records_read'), count('new'), count('withdrawn')]),
    graph(
      'Cards',
      [count('cards_posted'), count('cards_updated')],
      [pollerMetric('oldest_without_card', Stats.MAXIMUM, PERIOD, Unit.SECONDS)],
    ),
    graph('Reverts', [count('reverted'), count('reverts_failed')]),
  );
  made.addWidgets(
    graph(
      'Reading',
      [count('gaps'), count('failed'), logMetrics.pollsDone(PERIOD)],
      [pollerMetric('bytes_scanned', Stats.SUM, PERIOD, Unit.BYTES)],
    ),
    graph(
      'Clicks',
      [
        api.api.metricCount({ period: PERIOD, statistic: Stats.SUM }),
        api.api.metricClientError({ period: PERIOD, statistic: Stats.SUM }),
        api.api.metricServerError({ period: PERIOD, statistic: Stats.SUM }),
      ],
      [api.api.metricLatency({ period: PERIOD, statistic: 'p99' })],
    ),
    graph(
      'Asked for a person',
      ALARM_WORDS.map((word) => logMetrics.alarm(word, PERIOD)),
    ),
  );
  made.addWidgets(
    ...FUNCTIONS.map((name) =>
      graph(
        `The ${name}`,
        [
          functions[name].function.metricInvocations({ period: PERIOD, statistic: Stats.SUM }),
          functions[name].function.metricErrors({ period: PERIOD, statistic: Stats.SUM }),
          functions[name].function.metricThrottles({ period: PERIOD, statistic: Stats.SUM }),
        ],
        [functions[name].function.metricDuration({ period: PERIOD, statistic: Stats.MAXIMUM })],
      ),
    ),
    ...(pushed === undefined
      ? []
      : [
          graph(
            'Pushed events',
            [
              pushed.queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
              pushed.deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
            ],
            [pushed.queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM })],
          ),
        ]),
  );
  made.addWidgets(
    new LogQueryWidget({
      title: 'What asked for a person',
      logGroupNames: FUNCTIONS.map(functionLogGroup),
      queryLines: [
        'fields @timestamp, alarm, id, error, message',
        'filter ispresent(alarm)',
        'sort @timestamp desc',
        'limit 50',
      ],
      width: 24,
      height: 8,
    }),
  );
  return made;
}
