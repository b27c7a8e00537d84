/** The metrics: those that the poller writes itself, and those that are made of both functions' logs. */

import { Duration } from 'aws-cdk-lib';
import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import { FUNCTIONS, type FunctionName, NAMESPACE } from '../names';

/** Metrics that the poller writes with the line that an invocation ends with (`poller/src/metrics.rs`). */
export const POLLER_METRICS = [
  'records_read',
  'new',
  'ignored',
  'withdrawn',
  'cards_posted',
  'cards_updated',
  'due',
  'reverted',
  'reverts_failed',
  'failed',
  'gaps',
  'bytes_scanned',
  'oldest_without_card',
] as const;

/** The values of `alarm` in log lines that a person has to look at. */
export const ALARM_WORDS = [
  'gap',
  'not_read',
  'damaged_item',
  'revert_failed',
  'slack_refused',
  'card_refused',
] as const;
export type AlarmWord = (typeof ALARM_WORDS)[number];

/** The words of the line that an invocation of the poller ends with. */
export const TICK_ENDED = 'tick ended';

/** A metric that the poller writes. */
export function pollerMetric(
  name: (typeof POLLER_METRICS)[number],
  statistic: string,
  period: Duration,
  unit: Unit = Unit.COUNT,
): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName: name,
    dimensionsMap: { function: 'poller' },
    statistic,
    period,
    unit,
  });
}

/** Metrics that are made of log lines. */
export class LogMetrics extends Construct {
  constructor(scope: Construct, logs: Readonly<Record<FunctionName, ILogGroup>>) {
    super(scope, 'LogMetrics');
    for (const name of FUNCTIONS) {
      for (const word of ALARM_WORDS) {
        new MetricFilter(this, `${name}-${word}`, {
          logGroup: logs[name],
          filterName: `portcullis-${word}`,
          filterPattern: FilterPattern.stringValue('$.alarm', '=', word),
          metricNamespace: NAMESPACE,
          metricName: alarmMetricName(word),
          metricValue: '1',
        });
      }
    }
    const ended = FilterPattern.stringValue('$.message', '=', TICK_ENDED);
    const well = FilterPattern.stringValue('$.level', '=', 'INFO');
    const poll = FilterPattern.stringValue('$.tick', '=', 'poll');
    const count = (metricName: string, filterPattern: ReturnType<typeof FilterPattern.all>) =>
      new MetricFilter(this, metricName, {
        logGroup: logs.poller,
        filterName: `portcullis-${metricName}`,
        filterPattern,
        metricNamespace: NAMESPACE,
        metricName,
        metricValue: '1',
      });
    count('ticks_ended', FilterPattern.all(ended));
    count('polls_done', FilterPattern.all(ended, poll, well));
  }

  /** How often a line with this word was written. */
  alarm(word: AlarmWord, period: Duration): Metric {
    return new Metric({ namespace: NAMESPACE, metricName: alarmMetricName(word), statistic: Stats.SUM, period });
  }

  /** Invocations of the poller that came to their end, well or not. */
  ticksEnded(period: Duration): Metric {
    return new Metric({ namespace: NAMESPACE, metricName: 'ticks_ended', statistic: Stats.SUM, period });
  }

  /** Polls that did all that they should. */
  pollsDone(period: Duration): Metric {
    return new Metric({ namespace: NAMESPACE, metricName: 'polls_done', statistic: Stats.SUM, period });
  }
}

function alarmMetricName(word: AlarmWord): string {
  return `alarm_${word}`;
}
