/** The stack Portcullis, in the automation account: functions, table, API, schedules, pushed events, secrets, alarms. */

import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployable } from '../config';
import { Alarms, type Parts } from './alarms';
import { SlackApi } from './api';
import { dashboard } from './dashboard';
import { type Inputs, PortcullisFunction } from './function';
import { LogMetrics } from './metrics';
import { Pushed } from './pushed';
import { schedules } from './schedules';
import { secrets } from './secrets';
import { table } from './table';

/** The stack. */
export class PortcullisStack extends Stack {
  constructor(scope: Construct, id: string, config: Deployable, inputs: Inputs, props: StackProps) {
    super(scope, id, props);
    const requests = table(this, config.store.table);
    secrets(this, config);
    const functions = {
      poller: new PortcullisFunction(this, 'poller', config, inputs),
      responder: new PortcullisFunction(this, 'responder', config, inputs),
    };
    const api = new SlackApi(this, config, functions.responder.function);
    schedules(this, config, functions.poller.function);
    const pushed = config.deploy.forwarding ? new Pushed(this, config, functions.poller) : undefined;
    const logs = { poller: functions.poller.logGroup, responder: functions.responder.logGroup };
    const parts: Parts = { config, functions, table: requests, api, pushed, logMetrics: new LogMetrics(this, logs) };
    dashboard(this, parts, new Alarms(this, parts));

    new CfnOutput(this, 'InteractivityUrl', {
      value: api.url,
      description:
        "For Slack's setting Interactivity & Shortcuts; npm run manifest -- URL writes it into the app's manifest",
    });
    if (pushed !== undefined) {
      new CfnOutput(this, 'BusArn', {
        value: pushed.bus.eventBusArn,
        description: 'Where the accounts forward events to',
      });
    }
  }
}
