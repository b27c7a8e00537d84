/** Where Slack sends clicks: an HTTP API with one route, throttled, with an access log. */

import { RemovalPolicy } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import { acknowledge } from '../acknowledge';
import type { Deployable } from '../config';
import { API_LOG_GROUP, functionName } from '../names';

/** The responder's only route. */
export const ROUTE = '/slack/interactions';

/** Requests a second, and at once: a hundred people may click at the same moment; whoever sends more for long is not Slack. */
const THROTTLE = { rateLimit: 100, burstLimit: 200 };

/** What is logged of a request. Neither the body nor a header of it: they hold what Slack signed. */
const FORMAT = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  latency: '$context.responseLatency',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
};

/** The API. */
export class SlackApi extends Construct {
  readonly api: HttpApi;
  readonly logGroup: LogGroup;
  /** For Slack's interactivity setting. */
  readonly url: string;

  constructor(scope: Construct, config: Deployable, responder: LambdaFunction) {
    super(scope, 'Api');
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: API_LOG_GROUP,
      retention: config.deploy.logRetention,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.api = new HttpApi(this, 'Http', {
      apiName: functionName('responder'),
      description: 'Portcullis: clicks on cards, signed by Slack',
      createDefaultStage: false,
    });
    this.api.addRoutes({
      path: ROUTE,
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('Responder', responder),
    });
    acknowledge(
      this.api,
      'APIG4',
      "Slack can't sign for IAM and has no token: the responder verifies Slack's signature over the body before it reads it.",
    );
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: THROTTLE,
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.logGroup),
        format: AccessLogFormat.custom(JSON.stringify(FORMAT)),
      },
    });
    this.url = `${this.api.apiEndpoint}${ROUTE}`;
  }
}
