/** The secrets of Secrets Manager, without their values: those are stored by hand, and are in no template. */

import { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

import { acknowledge } from '../acknowledge';
import type { Deployable, SecretRef } from '../config';

/** Names of the secrets to make, each with the fields that are read of it. One that is given by its ARN is there. */
export function secretsToMake({ slack, deploy }: Deployable): ReadonlyMap<string, readonly string[]> {
  const made = new Map<string, string[]>();
  const { delivery, signingSecrets } = slack;
  const all: SecretRef[] = [delivery.kind === 'bot' ? delivery.token : delivery.url, ...signingSecrets];
  for (const reference of all) {
    if (deploy.createSecrets && reference.kind === 'secretsmanager' && !reference.name.startsWith('arn:')) {
      made.set(reference.name, [...(made.get(reference.name) ?? []), ...(reference.field ? [reference.field] : [])]);
    }
  }
  return made;
}

/**
 * Makes them. Until its value is stored a secret holds a JSON object with none of the fields, so that a function says
 * what is missing, and nothing is signed with a value that anybody could guess.
 */
export function secrets(scope: Construct, config: Deployable): Secret[] {
  return [...secretsToMake(config)].map(([name, fields], index) => {
    const secret = new Secret(scope, `Secret${index}`, {
      secretName: name,
      description: `Portcullis: ${fields.length > 0 ? `a JSON object with ${fields.join(', ')}` : 'a text'}`,
      generateSecretString: { secretStringTemplate: '{}', generateStringKey: 'store_the_values_by_hand' },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(
      secret,
      'SMG4',
      'Slack issues the values, and has no call that replaces them: a person does, by docs/operations.md.',
    );
    return secret;
  });
}
