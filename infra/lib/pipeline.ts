/** The pipeline (optional): builds with cargo-lambda, tests, deploys all stacks, and changes itself first. */

import { relative, sep } from 'node:path';

import { type CfnElement, Duration, Stack, type StackProps, Stage } from 'aws-cdk-lib';
import { BuildSpec, ComputeType, LinuxArmBuildImage, LinuxBuildImage, type Project } from 'aws-cdk-lib/aws-codebuild';
import { Repository } from 'aws-cdk-lib/aws-codecommit';
import { Pipeline as CodePipelineV2, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { CodePipeline, CodePipelineSource, type IFileSetProducer, ShellStep } from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';

import { devDependencies } from '../package.json';
import { acknowledge } from './acknowledge';
import type { Deployable, Pipeline } from './config';
import { home } from './names';
import type { Inputs } from './portcullis/function';
import { addStacks, tag } from './stacks';

/** The pipeline's stack. */
export class PipelineStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    config: Deployable,
    pipeline: Pipeline,
    inputs: Inputs,
    root: string,
    props: StackProps,
  ) {
    super(scope, id, props);
    const codePipeline = new CodePipelineV2(this, 'CodePipeline', {
      pipelineName: 'portcullis',
      pipelineType: PipelineType.V2,
      // Other accounts' deployments read what is built.
      crossAccountKeys: true,
      enableKeyRotation: true,
      restartExecutionOnUpdate: true,
    });
    const made = new CodePipeline(this, 'Pipeline', {
      codePipeline,
      selfMutation: true,
      cliVersion: devDependencies['aws-cdk'],
      synth: new ShellStep('Build', {
        input: this.source(pipeline) as IFileSetProducer,
        // The image's Rust is not there or old, and what AWS's SDK for EC2 takes to compile does not fit the smallest machine.
        installCommands: [
          'command -v cargo || curl --proto "=https" --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal',
          'export PATH="$HOME/.cargo/bin:$PATH"',
        ],
        commands: [
          `make lambda ARCHITECTURE=${config.deploy.architecture}`,
          'make test-rust test-infra',
          `make synth CONFIG=${configIn(inputs, root)}`,
        ],
        primaryOutputDirectory: 'infra/cdk.out',
      }) as IFileSetProducer,
      synthCodeBuildDefaults: {
        // All of Rust is built twice, for Lambda and for the tests.
        timeout: Duration.hours(2),
        partialBuildSpec: BuildSpec.fromObject({
          phases: { install: { 'runtime-versions': { nodejs: '22', python: '3.12' } } },
        }),
        buildEnvironment:
          config.deploy.architecture === 'arm64'
            ? { buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0, computeType: ComputeType.LARGE }
            : { buildImage: LinuxBuildImage.AMAZON_LINUX_2023_5, computeType: ComputeType.LARGE },
      },
    });
    const stage = new Stage(this, 'Deploy', { env: home(config) });
    addStacks(stage, config, inputs);
    made.addStage(stage);
    made.buildPipeline();
    tag(scope, config);
    this.useConnection(codePipeline, pipeline);
    this.acknowledgeWildcards(codePipeline, made);
  }

  /**
   * The action's prefix has to be that of the connection's ARN, codeconnections since July 2024. The CDK allows
   * codestar-connections only.
   */
  private useConnection(codePipeline: CodePipelineV2, { source }: Pipeline): void {
    if (source.kind === 'codecommit') {
      return;
    }
    const [, , service] = source.arn.split(':');
    const roles = codePipeline.node.findAll().filter((child) => child.node.id === 'CodePipelineActionRole');
    for (const role of roles) {
      (role as Role).addToPrincipalPolicy(
        new PolicyStatement({ actions: [`${service}:UseConnection`], resources: [source.arn] }),
      );
    }
  }

  /** CDK Pipelines makes these policies. What it writes with a wildcard is listed one by one, so that nothing else gets by. */
  private acknowledgeWildcards(codePipeline: CodePipelineV2, made: CodePipeline): void {
    const id = (construct: Construct) => this.getLogicalId(construct.node.defaultChild as CfnElement);
    const { account, region } = this;
    const builds = [made.synthProject, made.selfMutationProject].map((project) => `<${id(project as Project)}>`);
    const logs = `arn:<AWS::Partition>:logs:${region}:${account}:log-group:/aws/codebuild`;
    const reports = `arn:<AWS::Partition>:codebuild:${region}:${account}:report-group`;
    // Stacks in other regions are deployed from buckets there.
    const elsewhere = Object.values(codePipeline.crossRegionSupport);
    const named = elsewhere.map(({ replicationBucket }) => String(this.resolve(replicationBucket.bucketName)));
    const objects = [
      `<${id(codePipeline.artifactBucket as Bucket)}.Arn>`,
      ...named.map((name) => `arn:<AWS::Partition>:s3:::${name}`),
    ];
    for (const construct of [codePipeline, ...elsewhere.map(({ stack }) => stack)]) {
      acknowledge(
        construct,
        'S1',
        'It holds what is in the repository and what is built of it; CloudTrail tells who read it.',
      );
    }
    const reasons: readonly (readonly [string, string])[] = [
      ...objects.map(
        (bucket) =>
          [
            `Resource::${bucket}/*`,
            "The objects of the pipeline's own buckets: their names are made at each run.",
          ] as const,
      ),
      ...['Abort', 'DeleteObject', 'GetBucket', 'GetObject', 'List'].map(
        (action) =>
          [`Action::s3:${action}*`, "The actions that begin so, on the objects of the pipeline's own bucket."] as const,
      ),
      ['Action::kms:GenerateDataKey*', "GenerateDataKey and GenerateDataKeyWithoutPlaintext of the bucket's own key."],
      ['Action::kms:ReEncrypt*', "ReEncryptFrom and ReEncryptTo of the bucket's own key."],
      ...builds.map(
        (build) =>
          [`Resource::${logs}/${build}:*`, "The streams of a build's own log: CodeBuild chooses their names."] as const,
      ),
      ...builds.map(
        (build) =>
          [`Resource::${reports}/${build}-*`, "A build's own reports: CodeBuild adds to their names."] as const,
      ),
      [`Resource::${logs}/*`, 'The logs of the builds that publish assets: their names are made by CloudFormation.'],
      [
        `Resource::${reports}/*`,
        'The reports of the builds that publish assets: their names are made by CloudFormation.',
      ],
      [
        `Resource::arn:*:iam::${account}:role/*`,
        'The roles of the CDK, told by a condition on their tags (aws-cdk:bootstrap-role).',
      ],
      [
        'Resource::*',
        'To look whether the stacks of the CDK are there, and to run the builds that publish assets, which come to be later.',
      ],
    ];
    for (const [finding, reason] of reasons) {
      for (const construct of [codePipeline, made]) {
        acknowledge(construct, `IAM5[${finding}]`, reason);
      }
    }
  }

  private source({ source, branch }: Pipeline): CodePipelineSource {
    switch (source.kind) {
      case 'codecommit':
        return CodePipelineSource.codeCommit(
          Repository.fromRepositoryName(this, 'Repository', source.repository),
          branch,
        );
      case 'connection':
        return CodePipelineSource.connection(source.repository, branch, { connectionArn: source.arn });
    }
  }
}

/** The configuration's path in the repository. */
function configIn({ configPath }: Inputs, root: string): string {
  const path = relative(root, configPath);
  if (path.startsWith(`..${sep}`)) {
    throw new OutsideRepository(
      `${configPath} is not in the repository, and the pipeline builds what is: move it there, or remove [deploy.pipeline]`,
    );
  }
  return path.split(sep).join('/');
}

/** The configuration is where the pipeline can't read it. */
export class OutsideRepository extends Error {}
