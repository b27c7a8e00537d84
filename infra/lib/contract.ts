/** What the synthesised template promises the functions: for tests that run them on it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A template, as far as it is looked at. */
interface Template {
  readonly Resources?: Readonly<Record<string, { readonly Type: string; readonly Properties: Properties }>>;
}
/** The properties of a resource of any type. */
type Properties = Readonly<Record<string, any>>;

/** The contract. */
export interface Contract {
  /** A CreateTable request. */
  readonly table: Properties;
  /** The attribute by which items expire. */
  readonly timeToLive: string;
  readonly functions: Readonly<
    Record<string, { timeoutSeconds: number; memoryMegabytes: number; environment: Properties }>
  >;
  /** What each schedule sends, and when. */
  readonly ticks: readonly { readonly input: unknown; readonly schedule: string }[];
}

/** Reads it from a cloud assembly. */
export function contract(assembly: string): Contract {
  const templates = readdirSync(assembly, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.template.json'))
    .map((name) => JSON.parse(readFileSync(join(assembly, name), 'utf8')) as Template);
  const all = (type: string) =>
    templates
      .flatMap(({ Resources = {} }) => Object.values(Resources))
      .filter(({ Type }) => Type === type)
      .map(({ Properties }) => Properties);
  const [table] = all('AWS::DynamoDB::Table');
  if (table === undefined) {
    throw new Error(`${assembly} has no template with the table: make synth`);
  }
  const { TableName, BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = table;
  const functions = all('AWS::Lambda::Function').map(
    ({ FunctionName, Timeout, MemorySize, Environment }) =>
      [
        String(FunctionName).replace('portcullis-', ''),
        { timeoutSeconds: Timeout, memoryMegabytes: MemorySize, environment: Environment?.Variables ?? {} },
      ] as const,
  );
  const ticks = all('AWS::Events::Rule')
    .filter(({ ScheduleExpression }) => ScheduleExpression !== undefined)
    .map(({ ScheduleExpression, Targets }) => ({ input: JSON.parse(Targets[0].Input), schedule: ScheduleExpression }));
  return {
    table: { TableName, BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes },
    timeToLive: table['TimeToLiveSpecification'].AttributeName,
    functions: Object.fromEntries(functions),
    ticks,
  };
}
