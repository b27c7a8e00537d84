/** Roles and forwarding: who trusts whom, and what reaches which account. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { LARGEST_TEMPLATE } from '../lib/stack-set';
import {
  CONFIGS,
  config,
  type ConfigName,
  inside,
  type Loose,
  one,
  resources,
  statements,
  synthesised,
  template,
  text,
} from './support';

const spoke = (name: ConfigName) => one(inside(template(name, 'PortcullisSpokes')), 'AWS::IAM::Role').Properties;

function trust(role: Loose): { principals: string[]; condition: Loose }[] {
  return role.AssumeRolePolicyDocument.Statement.map((statement: Loose) => {
    assert.equal(statement.Action, 'sts:AssumeRole');
    return { principals: [statement.Principal.AWS].flat().map(text), condition: statement.Condition };
  });
}

describe('where the roles are made', () => {
  test('each function has an execution role of its own, which Lambda alone assumes', () => {
    const roles = resources(template('deployed', 'PortcullisRoles'), 'AWS::IAM::Role').map(
      ([, { Properties }]) => Properties,
    );
    assert.deepEqual(
      roles.map(({ Path, RoleName }) => Path + RoleName),
      ['/security/hub-001-poller', '/security/hub-001-responder'],
    );
    for (const role of roles) {
      assert.deepEqual(
        role.AssumeRolePolicyDocument.Statement.map(({ Principal }: Loose) => Principal),
        [{ Service: 'lambda.amazonaws.com' }],
      );
      assert.equal(role.ManagedPolicyArns, undefined);
    }
  });

  test('the spoke role trusts exactly these two, in the organization', () => {
    const execution = (role: string) => `arn:\${AWS::Partition}:iam::123456789012:role/security/hub-001-${role}`;
    assert.deepEqual(trust(spoke('deployed')), [
      {
        principals: [execution('poller'), execution('responder')],
        condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorgid' } },
      },
    ]);
    assert.equal(spoke('deployed').Path + spoke('deployed').RoleName, '/security/spoke-001');
  });

  test('the external id is asked for where there is one', () => {
    const [statement] = trust(spoke('deployed_every_key'));
    assert.deepEqual(statement?.condition, {
      StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorgid', 'sts:ExternalId': 'org/portcullis:1' },
    });
  });

  test('the spoke role may describe and revoke, and nothing else', () => {
    const [policy, ...others] = spoke('deployed').Policies;
    assert.deepEqual(others, []);
    assert.equal(spoke('deployed').ManagedPolicyArns, undefined);
    assert.deepEqual(
      statements(policy.PolicyDocument).map(({ actions, resources }) => [actions, resources]),
      [
        [['ec2:RevokeSecurityGroupIngress'], ['arn:${AWS::Partition}:ec2:*:${AWS::AccountId}:security-group/*']],
        [['ec2:DescribeSecurityGroupRules'], ['*']],
      ],
    );
  });

  test('the management account has the very same spoke role, by a stack of its own', () => {
    for (const name of ['deployed', 'deployed_every_key', 'deployed_pushes_only'] as const) {
      const role = one(template(name, 'PortcullisManagementSpoke'), 'AWS::IAM::Role').Properties;
      const { Tags: _, ...untagged } = role;
      assert.deepEqual(untagged, spoke(name));
      assert.match(synthesised(name).environments.get('PortcullisManagementSpoke') ?? '', /^111111111111\//);
    }
  });

  test('the Lake read role is in the account of the store, for the poller alone', () => {
    const role = one(template('deployed_every_key', 'PortcullisLakeRole'), 'AWS::IAM::Role').Properties;
    assert.equal(
      synthesised('deployed_every_key').environments.get('PortcullisLakeRole'),
      '222222222222/us-gov-west-1',
    );
    assert.equal(role.Path + role.RoleName, '/portcullis/portcullis-lake');
    assert.deepEqual(trust(role)[0]?.principals, [
      'arn:${AWS::Partition}:iam::123456789012:role/portcullis/portcullis-poller',
    ]);
    assert.equal(synthesised('deployed_pushes_only').templates.has('PortcullisLakeRole'), false);
  });

  test('the Lake read role queries the one store, whichever of the two accounts its ARN names', () => {
    const stores = (name: ConfigName) => {
      const role = one(template(name, 'PortcullisLakeRole'), 'AWS::IAM::Role').Properties;
      return statements(role.Policies[0].PolicyDocument).flatMap(({ resources }) => resources);
    };
    const store = (place: string) =>
      `arn:\${AWS::Partition}:cloudtrail:${place}:eventdatastore/7b0d1f2c-3a4e-4b5c-9d6e-0a1b2c3d4e5f`;
    assert.deepEqual(stores('deployed'), [store('us-east-1:111111111111')]);
    assert.deepEqual(stores('deployed_every_key'), [
      store('us-gov-east-1:111111111111'),
      store('us-gov-east-1:222222222222'),
    ]);
  });

  test('the roles that are assumed come after those that they trust', () => {
    for (const stack of ['Portcullis', 'PortcullisSpokes', 'PortcullisManagementSpoke', 'PortcullisLakeRole']) {
      assert.ok(synthesised('deployed').needs.get(stack)?.includes('PortcullisRoles'), stack);
    }
  });
});

describe('where FleetAccess made the roles', () => {
  test('both functions run as the hub role, and no role is made', () => {
    const { templates } = synthesised('deployed_roles_exist');
    assert.deepEqual([...templates.keys()].toSorted(), ['Portcullis', 'PortcullisPipeline']);
    const portcullis = template('deployed_roles_exist', 'Portcullis');
    const roles = resources(portcullis, 'AWS::Lambda::Function').map(([, { Properties }]) => text(Properties.Role));
    const hub = 'arn:${AWS::Partition}:iam::123456789012:role/security/hub-001';
    assert.deepEqual(roles, [hub, hub]);
    assert.deepEqual(resources(portcullis, 'AWS::IAM::Role'), []);
    const attached = resources(portcullis, 'AWS::IAM::Policy').map(([, { Properties }]) => Properties.Roles);
    assert.deepEqual(attached, [['hub-001'], ['hub-001']]);
  });
});

describe('the StackSets', () => {
  const set = (name: ConfigName, stack: string) =>
    one(template(name, stack), 'AWS::CloudFormation::StackSet').Properties;

  test('reach every account of the organizational units, and those that come later, by themselves', () => {
    for (const stack of ['PortcullisSpokes', 'PortcullisForwarding']) {
      const properties = set('deployed_every_key', stack);
      assert.equal(properties.PermissionModel, 'SERVICE_MANAGED');
      assert.deepEqual(properties.AutoDeployment, { Enabled: true, RetainStacksOnAccountRemoval: false });
      assert.deepEqual(properties.StackInstancesGroup[0].DeploymentTargets, {
        OrganizationalUnitIds: ['ou-ab12-11111111', 'ou-ab12-22222222'],
      });
      assert.deepEqual(properties.Capabilities, ['CAPABILITY_NAMED_IAM']);
    }
  });

  test('are made by the management account, or by the automation account as its delegate', () => {
    assert.equal(set('deployed', 'PortcullisSpokes').CallAs, 'SELF');
    assert.equal(synthesised('deployed').environments.get('PortcullisSpokes'), '111111111111/eu-west-1');
    assert.equal(set('deployed_every_key', 'PortcullisSpokes').CallAs, 'DELEGATED_ADMIN');
    assert.equal(synthesised('deployed_every_key').environments.get('PortcullisSpokes'), '123456789012/us-gov-west-1');
  });

  test('go to one region for the roles, which are global, and to all of them for the rules', () => {
    assert.deepEqual(set('deployed', 'PortcullisSpokes').StackInstancesGroup[0].Regions, ['eu-west-1']);
    const regions = set('deployed', 'PortcullisForwarding').StackInstancesGroup[0].Regions;
    assert.deepEqual(regions, config('deployed').deploy.forwardRegions);
    assert.equal(regions.length, 17);
  });

  test('hold templates that CloudFormation takes as they are', () => {
    for (const name of CONFIGS) {
      for (const made of synthesised(name).templates.values()) {
        for (const [, { Properties }] of resources(made, 'AWS::CloudFormation::StackSet')) {
          assert.ok(Buffer.byteLength(Properties.TemplateBody) < LARGEST_TEMPLATE);
          const { Resources, ...rest } = JSON.parse(Properties.TemplateBody);
          assert.ok(Object.keys(Resources).length > 0);
          assert.deepEqual(Object.keys(rest), ['Description']);
        }
      }
    }
  });
});

describe('forwarding', () => {
  const forwarding = () => inside(template('deployed', 'PortcullisForwarding'));

  test('takes the three calls of EC2 to the bus of the automation account', () => {
    const { Properties } = one(forwarding(), 'AWS::Events::Rule');
    assert.deepEqual(Properties.EventPattern, {
      source: ['aws.ec2'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: {
        eventSource: ['ec2.amazonaws.com'],
        eventName: ['AuthorizeSecurityGroupIngress', 'ModifySecurityGroupRules', 'RevokeSecurityGroupIngress'],
      },
    });
    assert.equal(
      text(Properties.Targets[0].Arn),
      'arn:${AWS::Partition}:events:eu-west-1:123456789012:event-bus/portcullis',
    );
    assert.equal(Properties.State, 'ENABLED');
  });

  test('has a role in each region, which may put events on that bus and nothing else', () => {
    const { Properties } = one(forwarding(), 'AWS::IAM::Role');
    assert.equal(text(Properties.RoleName), 'portcullis-forward-${AWS::Region}');
    assert.deepEqual(
      Properties.AssumeRolePolicyDocument.Statement.map(({ Principal }: Loose) => Principal),
      [{ Service: 'events.amazonaws.com' }],
    );
    assert.deepEqual(
      statements(Properties.Policies[0].PolicyDocument).map(({ actions, resources }) => [actions, resources]),
      [[['events:PutEvents'], ['arn:${AWS::Partition}:events:eu-west-1:123456789012:event-bus/portcullis']]],
    );
  });

  test('is there for the management account in every region, by stacks of their own', () => {
    const regions = config('deployed').deploy.forwardRegions;
    for (const region of regions) {
      const stack = `PortcullisManagementForwarding-${region}`;
      assert.equal(synthesised('deployed').environments.get(stack), `111111111111/${region}`);
      assert.deepEqual(
        one(template('deployed', stack), 'AWS::Events::Rule').Properties,
        one(forwarding(), 'AWS::Events::Rule').Properties,
      );
    }
  });

  test('comes after the bus', () => {
    assert.ok(synthesised('deployed').needs.get('PortcullisForwarding')?.includes('Portcullis'));
  });
});
