/** cfn-lint over what `cdk synth` wrote: `npm run lint [-- FOLDER]`. */

import { join, resolve } from 'node:path';

import { lint, ToolMissing } from '../lib/lint';

try {
  const found = lint(resolve(process.argv[2] ?? join(__dirname, '../cdk.out')));
  console.log(found === '' ? 'cfn-lint found nothing' : found);
  process.exitCode = found === '' ? 0 : 1;
} catch (error) {
  console.error(error instanceof ToolMissing ? error.message : error);
  process.exitCode = 1;
}
