/** What the tests share: configurations, binaries that are none, and synthesised apps. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { App } from 'aws-cdk-lib';

import { populate, ROOT } from '../lib/app';
import { loadDeployable } from '../lib/config';

/** The configurations that are deployed in tests. */
export const CONFIGS = ['deployed', 'deployed_every_key', 'deployed_pushes_only', 'deployed_roles_exist'] as const;
export type ConfigName = (typeof CONFIGS)[number];

export const configPath = (name: ConfigName): string => join(ROOT, `tests/config/deploy/good/${name}.toml`);
export const config = (name: ConfigName) => loadDeployable(configPath(name));

/** A CloudFormation template, as loosely as tests look at it. */
export type Loose = any;

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, Loose>>;
}
export interface Resource {
  readonly Type: string;
  readonly Properties: Loose;
  readonly [other: string]: Loose;
}

/** A synthesised app. */
export interface Synthesised {
  /** The cloud assembly's folder. */
  readonly folder: string;
  /** Templates by the name of their stack, and by the id where the name is not unique. */
  readonly templates: ReadonlyMap<string, Template>;
  /** Account and region of a stack, by its id. */
  readonly environments: ReadonlyMap<string, string>;
  /** The ids of the stacks that a stack needs. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

/** What the CDK's command line sets. Without paths cfn-lint does not know that a template is the CDK's. */
const BY_THE_COMMAND_LINE = { 'aws:cdk:enable-path-metadata': true };

const made = new Map<ConfigName, Synthesised>();
const folder = mkdtempSync(join(tmpdir(), 'portcullis-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Stands in for `target/lambda`. */
export const binaries = join(folder, 'lambda');
for (const name of ['poller', 'responder']) {
  mkdirSync(join(binaries, name), { recursive: true });
  writeFileSync(join(binaries, name, 'bootstrap'), `the ${name}`);
}

/** The app of a configuration, once a process. */
export function synthesised(name: ConfigName): Synthesised {
  const known = made.get(name);
  if (known !== undefined) {
    return known;
  }
  const { context } = JSON.parse(readFileSync(join(__dirname, '../cdk.json'), 'utf8')) as {
    context: Record<string, unknown>;
  };
  const app = new App({
    analyticsReporting: false,
    autoSynth: false,
    outdir: join(folder, name),
    context: { ...context, ...BY_THE_COMMAND_LINE },
  });
  populate(app, config(name), { configPath: configPath(name), binaries });
  const assembly = app.synth();
  // A finding of cdk-nag ends the process with an error; here it is a test that says so.
  process.exitCode = 0;
  const stacks = assembly.stacksRecursively;
  const fresh: Synthesised = {
    folder: assembly.directory,
    templates: new Map(stacks.map((stack) => [idOf(stack.hierarchicalId), stack.template as Template])),
    environments: new Map(
      stacks.map((stack) => [idOf(stack.hierarchicalId), `${stack.environment.account}/${stack.environment.region}`]),
    ),
    needs: new Map(
      stacks.map((stack) => [
        idOf(stack.hierarchicalId),
        stack.dependencies.flatMap((other) => ('hierarchicalId' in other ? [idOf(String(other.hierarchicalId))] : [])),
      ]),
    ),
  };
  made.set(name, fresh);
  return fresh;
}

/** Stacks that a pipeline deploys lie below it. */
function idOf(hierarchicalId: string): string {
  return hierarchicalId.split('/').at(-1) ?? hierarchicalId;
}

/** A stack's template. */
export function template(name: ConfigName, stack: string): Template {
  const { templates } = synthesised(name);
  return templates.get(stack) ?? assert.fail(`${name} has no stack ${stack}, but ${[...templates.keys()].join(', ')}`);
}

/** The resources of a type, by their logical id. */
export function resources({ Resources }: Template, type: string): [string, Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}

/** The only resource of a type whose properties are so. */
export function one(template: Template, type: string, where: (properties: Loose) => boolean = () => true): Resource {
  const found = resources(template, type).filter(([, { Properties }]) => where(Properties));
  assert.equal(found.length, 1, `${found.length} of ${type}`);
  return found[0]?.[1] as Resource;
}

/** The template that a StackSet holds. */
export function inside(template: Template): Template {
  return JSON.parse(one(template, 'AWS::CloudFormation::StackSet').Properties.TemplateBody) as Template;
}

/** A value with its references written out: `arn:${AWS::Partition}:...`. */
export function text(value: Loose): string {
  if (typeof value === 'string') {
    return value;
  }
  if (value?.Ref !== undefined) {
    return `\${${value.Ref}}`;
  }
  if (value?.['Fn::GetAtt'] !== undefined) {
    return `\${${value['Fn::GetAtt'].join('.')}}`;
  }
  if (value?.['Fn::Join'] !== undefined) {
    const [separator, parts] = value['Fn::Join'];
    return parts.map(text).join(separator);
  }
  return assert.fail(`not a text: ${JSON.stringify(value)}`);
}

/** One or several, as a list. */
export function many<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

/** A statement of a policy: what may be done, on what. */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Loose;
}

export function statements(document: Loose): Statement[] {
  return document.Statement.map((statement: Loose) => {
    assert.equal(statement.Effect, 'Allow');
    assert.equal(statement.NotAction ?? statement.NotResource, undefined);
    return {
      actions: many(statement.Action),
      resources: many(statement.Resource).map(text),
      conditions: statement.Condition,
    };
  });
}

/** The policy of a function's role. */
export function policyOf(name: ConfigName, functionName: 'poller' | 'responder'): Statement[] {
  const { Properties } = one(
    template(name, 'Portcullis'),
    'AWS::IAM::Policy',
    ({ PolicyName }) => PolicyName === `portcullis-${functionName}`,
  );
  return statements(Properties.PolicyDocument);
}

/** A file of the repository. */
export function repository(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
