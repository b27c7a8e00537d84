/** A function: the binary that `make lambda` built, with config.toml beside it. */

import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { Annotations, AssetHashType, DockerImage, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
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
      code: code(name, config, inputs),
      role,
      timeout,
      memorySize: memory,
      logGroup: this.logGroup,
      // A tick that failed is made up for by the next; one that waits for long has been.
      ...(name === 'poller' && { retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
    });
    this.warnOfAnotherArchitecture(binaryOf(name, inputs), config);
    // Until it may write its log and read its secrets, an invocation fails.
    this.function.node.addDependency(this.policy);
  }

  private warnOfAnotherArchitecture(binary: string, config: Deployable): void {
    const { architecture } = config.deploy;
    const machine = machineOf(binary);
    if (machine !== undefined && machine !== MACHINES.get(architecture)) {
      Annotations.of(this).addWarningV2(
        'portcullis:architecture',
        `${binary} is not built for ${architecture}, which deploy.architecture asks for, and would not start: ${command(config)}`,
      );
    }
  }
}

/**
 * The zip. Its hash is that of its content. In CodeBuild it is the commit's: there a build of the same commit that gave
 * other bytes would change the pipeline, which would build again, and so on.
 */
function code(name: FunctionName, config: Deployable, inputs: Inputs): Code {
  const { configPath } = inputs;
  const binary = binaryOf(name, inputs);
  if (!existsSync(binary)) {
    throw new NotBuilt(
      `${binary} is missing: the function ${name} is not built. Build both: ${command(config)}; or name another folder: -c binaries=PATH`,
    );
  }
  const commit = process.env['CODEBUILD_RESOLVED_SOURCE_VERSION'];
  const hash =
    commit && createHash('sha256').update(`${name} ${commit} `).update(readFileSync(configPath)).digest('hex');
  return Code.fromAsset(dirname(binary), {
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

const binaryOf = (name: FunctionName, { binaries }: Inputs): string => join(binaries, name, 'bootstrap');

/** What builds the functions. */
const command = ({ deploy }: Deployable): string =>
  `make lambda${deploy.architecture === 'x86_64' ? '' : ` ARCHITECTURE=${deploy.architecture}`}`;

/** The architectures as ELF has them (`e_machine`). */
const MACHINES: ReadonlyMap<string, number> = new Map([
  ['x86_64', 62],
  ['arm64', 183],
]);

/** The machine that a file is built for, if it is a program of Linux (little endian, as both architectures are). */
function machineOf(path: string): number | undefined {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  return header.toString('latin1', 0, 4) === '\x7fELF' ? header.readUInt16LE(18) : undefined;
}
