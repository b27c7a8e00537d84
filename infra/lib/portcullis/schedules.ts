/** The schedules of `[timing]`. */

import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as Target } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

import type { Deployable } from '../config';
import { functionName } from '../names';

/** Invokes the poller every `poll_every` (where there is a lake to query) and every `sweep_every`. */
export function schedules(scope: Construct, { lake, timing }: Deployable, poller: LambdaFunction): void {
  const every = (tick: 'poll' | 'sweep', seconds: number, description: string) =>
    new Rule(scope, `${tick === 'poll' ? 'Poll' : 'Sweep'}Schedule`, {
      ruleName: `${functionName('poller')}-${tick}`,
      description,
      schedule: Schedule.rate(Duration.seconds(seconds)),
      targets: [new Target(poller, { event: RuleTargetInput.fromObject({ tick }) })],
    });
  if (lake !== undefined) {
    every('poll', timing.pollEvery, 'Portcullis: query CloudTrail Lake, then work off what is due');
  }
  every('sweep', timing.sweepEvery, 'Portcullis: work off what is due');
}
