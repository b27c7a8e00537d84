/** Every test in one process, so that each configuration is synthesised once. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

for (const name of readdirSync(__dirname).sort()) {
  if (name.endsWith('.test.ts')) {
    require(join(__dirname, name));
  }
}
