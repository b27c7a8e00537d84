/** cdk-nag: no finding is left, and each that is acknowledged has a reason. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { CONFIGS, synthesised } from './support';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
    readonly suppressedViolations?: readonly {
      readonly ruleName: string;
      readonly reason: string;
      readonly acknowledgedId: string;
    }[];
  }[];
}

for (const name of CONFIGS) {
  test(`nothing is found in ${name} that has no reason`, () => {
    const report = JSON.parse(readFileSync(join(synthesised(name).folder, 'validation-report.json'), 'utf8')) as Report;
    const nag =
      report.pluginReports.find(({ pluginName }) => pluginName === 'AwsSolutions') ??
      assert.fail('cdk-nag did not run');
    const found = report.pluginReports.flatMap(({ violations }) => violations);
    assert.deepEqual(
      found.map(({ ruleName, violatingConstructs }) => [
        ruleName,
        violatingConstructs.map(({ constructPath }) => constructPath),
      ]),
      [],
    );
    const acknowledged = nag.suppressedViolations ?? [];
    assert.ok(acknowledged.length > 0);
    for (const { acknowledgedId, reason } of acknowledged) {
      assert.ok(reason.length > 40, `${acknowledgedId}: ${reason}`);
    }
    const rules = new Set(
      acknowledged.map(({ ruleName }) => ruleName.replace(/\[.*/, '').replace('AwsSolutions-', '')),
    );
    assert.deepEqual(
      [...rules].filter((rule) => !['SMG4', 'IAM5', 'APIG4', 'S1'].includes(rule)),
      [],
    );
  });
}
