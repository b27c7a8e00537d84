/** The events that open or close ingress, as EventBridge has them. The query of the lake asks for the same. */

import type { EventPattern } from 'aws-cdk-lib/aws-events';

/** The names of EC2's calls. */
export const EVENT_NAMES = [
  'AuthorizeSecurityGroupIngress',
  'ModifySecurityGroupRules',
  'RevokeSecurityGroupIngress',
] as const;

/**
 * Sources that begin with `aws.` are AWS's own: PutEvents refuses them to everybody else, so nobody in the organization
 * can put a made-up record on the bus that passes this.
 */
export const PATTERN = {
  source: ['aws.ec2'],
  detailType: ['AWS API Call via CloudTrail'],
  detail: { eventSource: ['ec2.amazonaws.com'], eventName: [...EVENT_NAMES] },
} satisfies EventPattern;
