/** cfn-lint over every template, also over those inside StackSets. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lint } from '../lib/lint';
import { CONFIGS, synthesised } from './support';

for (const name of CONFIGS) {
  test(`cfn-lint finds nothing in ${name}`, () => {
    assert.equal(lint(synthesised(name).folder), '');
  });
}
