/** The table, as `shared/table.json` has it: the local run and the tests make theirs of the same file. */

import { CfnDeletionPolicy } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

import definition from '../../../shared/table.json';

/** The attribute by which items expire (epoch seconds). */
const EXPIRES_AT = 'expires_at';

/** Makes the table. It stays when the stack is deleted, and can't be deleted by itself. */
export function table(scope: Construct, name: string): CfnTable {
  const keys = (schema: typeof definition.KeySchema) =>
    schema.map(({ AttributeName, KeyType }) => ({ attributeName: AttributeName, keyType: KeyType }));
  const made = new CfnTable(scope, 'Table', {
    tableName: name,
    billingMode: definition.BillingMode,
    attributeDefinitions: definition.AttributeDefinitions.map(({ AttributeName, AttributeType }) => ({
      attributeName: AttributeName,
      attributeType: AttributeType,
    })),
    keySchema: keys(definition.KeySchema),
    globalSecondaryIndexes: definition.GlobalSecondaryIndexes.map(({ IndexName, KeySchema, Projection }) => ({
      indexName: IndexName,
      keySchema: keys(KeySchema),
      projection: { projectionType: Projection.ProjectionType },
    })),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    timeToLiveSpecification: { attributeName: EXPIRES_AT, enabled: true },
    deletionProtectionEnabled: true,
    sseSpecification: { sseEnabled: false },
  });
  made.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
  made.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  return made;
}
