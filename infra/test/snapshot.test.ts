/**
 * The templates as they are: whoever changes one sees by how much. `npm run snapshot` writes them anew. Hashes of assets
 * are left out, and so is what CDK Pipelines makes of them.
 */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { type ConfigName, type Loose, synthesised, type Template } from './support';

const FOLDER = join(__dirname, 'snapshots');

/** All of the one that has everything, and what is different in others. The regions' stacks are alike. */
const KEPT: readonly (readonly [ConfigName, RegExp])[] = [
  ['deployed', /^Portcullis(?!ManagementForwarding)|ManagementForwarding-eu-west-1$/],
  ['deployed_every_key', /^PortcullisPipeline$/],
];

/** Without what changes with every build, and with the templates inside StackSets as JSON. */
function settled(template: Template): Loose {
  const { Parameters: _, Rules: __, ...rest } = template as Loose;
  return JSON.parse(JSON.stringify(rest).replace(/\b[0-9a-f]{64}\b/g, 'HASH'), (key, value) => {
    if (key === 'Metadata') {
      return undefined;
    }
    return key === 'TemplateBody' ? JSON.parse(value) : value;
  });
}

describe('the templates are those of the snapshots', () => {
  for (const [name, kept] of KEPT) {
    for (const [stack, template] of synthesised(name).templates) {
      if (!kept.test(stack)) {
        continue;
      }
      test(`${name}: ${stack}`, () => {
        const path = join(FOLDER, `${name}.${stack}.json`);
        const now = `${JSON.stringify(settled(template), null, 2)}\n`;
        if (process.env['UPDATE_SNAPSHOTS'] === '1') {
          mkdirSync(FOLDER, { recursive: true });
          writeFileSync(path, now);
        }
        assert.ok(existsSync(path), `${path} is missing: npm run snapshot`);
        assert.equal(now, readFileSync(path, 'utf8'), 'the template changed; if that is meant: npm run snapshot');
      });
    }
  }
});
