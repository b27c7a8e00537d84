/** A function: the binary that `make lambda` built, with config.toml beside it. */

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { AssetHashType, DockerImage, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Policy, Role } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

import { acknowledgeWildcards } from '../acknowledge';
import type { Deployable } from '../config';
import { executionRole, type FunctionName, functionLogGroup, functionName, home, rolePart } from '../names';
import { statementsFor } from '../permissions';

/** What a function is given: the time-outs that it is made for, and memory. */
const SIZES: Readonly<Record<FunctionName, { readonly timeout: Duration; readonly memory: number }>> = {
  poller: { timeout: Duration.minutes(5), memory: 512 },
  // More memory is more CPU: Slack waits 3 s, also for a cold start.
  responder: { timeout: Duration.seconds(30), memory: 512 },
};

/** Where the inputs of the functions lie. */
export interface Inputs {
  /** The configuration file, which goes into each zip. */
  readonly configPath: string;
  /** `target/lambda`: a folder a function, with `bootstrap` in it. */
  readonly binaries: string;
}

/** There is no binary. The message has the command that builds it. */
export class NotBuilt extends Error {}

/** A function, its log, and what its role may do. */
export class PortcullisFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  readonly policy: Policy;

  constructor(scope: Construct, name: FunctionName, config: Deployable, inputs: Inputs) {
    super(scope, name);
    const { account } = home(config);
    const arn = `arn:${Stack.of(this).partition}:iam::${account}:${rolePart(config, executionRole(config, name))}`;
    // Not changed by the CDK: what it may do is in one policy, made of one list.
    const role = Role.fromRoleArn(this, 'Role', arn, { mutable: false });
    this.policy = new Policy(this, 'Policy', {
      policyName: functionName(name),
      statements: statementsFor(name, config),
      roles: [role],
    });
    acknowledgeWildcards(this.policy, name, config);
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: functionLogGroup(name),
      retention: config.deploy.logRetention,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const { timeout, memory } = SIZES[name];
    this.function = new LambdaFunction(this, 'Function', {
      functionName: functionName(name),
      runtime: Runtime.PROVIDED_AL2023,
      architecture: config.deploy.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      handler: 'bootstrap',
      code: code(name, inputs),
      role,
      timeout,
      memorySize: memory,
      logGroup: this.logGroup,
      // A tick that failed is made up for by the next; one that waits for long has been.
      ...(name === 'poller' && { retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
    });
    // Until it may write its log and read its secrets, an invocation fails.
    this.function.node.addDependency(this.policy);
  }
}

/**
 * The zip. Its hash is that of its content. In CodeBuild it is the commit's: there a build of the same commit that gave
 * other bytes would change the pipeline, which would build again, and so on.
 */
function code(name: FunctionName, { configPath, binaries }: Inputs): Code {
  const folder = join(binaries, name);
  const binary = join(folder, 'bootstrap');
  if (!existsSync(binary)) {
    throw new NotBuilt(`${binary} is missing: the function ${name} is not built. Build both: make lambda`);
  }
  const commit = process.env['CODEBUILD_RESOLVED_SOURCE_VERSION'];
  const hash =
    commit && createHash('sha256').update(`${name} ${commit} `).update(readFileSync(configPath)).digest('hex');
  return Code.fromAsset(folder, {
    ...(hash ? { assetHashType: AssetHashType.CUSTOM, assetHash: hash } : { assetHashType: AssetHashType.OUTPUT }),
    bundling: {
      // Never pulled: the local bundling below always succeeds.
      image: DockerImage.fromRegistry('none'),
      local: {
        tryBundle(output: string): boolean {
          copyFileSync(binary, join(output, 'bootstrap'));
          copyFileSync(configPath, join(output, 'config.toml'));
          return true;
        },
      },
    },
  });
}
