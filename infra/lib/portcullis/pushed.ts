/** Pushed events: a bus that the organization may put events on, a queue, and what is left over. */

import { Duration } from 'aws-cdk-lib';
import { CfnEventBusPolicy, EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

import type { Deployable } from '../config';
import { PATTERN } from '../events';
import { BUS, DEAD_LETTER_QUEUE, QUEUE } from '../names';
import type { PortcullisFunction } from './function';

/** The longest that SQS keeps a message. */
const KEPT = Duration.days(14);

/** How often a message is tried before it is put aside. */
const RECEIVED = 10;

/** Messages in one invocation. */
const BATCH = 10;

/** Pollers at once, of pushed events. The lowest that SQS takes: Slack takes one message a second anyway. */
const CONCURRENCY = 2;

/** The way of pushed events to the poller. */
export class Pushed extends Construct {
  readonly bus: EventBus;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, config: Deployable, poller: PortcullisFunction) {
    super(scope, 'Pushed');
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: BUS,
      description: 'Portcullis: changes to security groups, forwarded by the accounts of the organization',
    });
    new CfnEventBusPolicy(this, 'Organization', {
      eventBusName: this.bus.eventBusName,
      statementId: 'Organization',
      statement: {
        Sid: 'Organization',
        Effect: 'Allow',
        // Anybody in the organization: its accounts change. The rule below takes AWS's own events only.
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: this.bus.eventBusArn,
        Condition: { StringEquals: { 'aws:PrincipalOrgID': config.deploy.organizationId } },
      },
    });
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: DEAD_LETTER_QUEUE,
      retentionPeriod: KEPT,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    const timeout = poller.function.timeout ?? Duration.minutes(5);
    this.queue = new Queue(this, 'Queue', {
      queueName: QUEUE,
      retentionPeriod: KEPT,
      // Lambda's advice: six times the function's time-out.
      visibilityTimeout: Duration.seconds(6 * timeout.toSeconds()),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: RECEIVED },
    });
    new Rule(this, 'Rule', {
      ruleName: QUEUE,
      description: 'Portcullis: changes to security groups, for the poller',
      eventBus: this.bus,
      eventPattern: PATTERN,
      targets: [new SqsQueue(this.queue, { deadLetterQueue: this.deadLetters })],
    });
    poller.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: BATCH,
        reportBatchItemFailures: true,
        maxConcurrency: CONCURRENCY,
      }),
    );
  }
}
