/** Writes the Slack app's manifest: `npm run manifest -- URL [CONFIG]`. Without a URL it holds one that leads nowhere. */

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ROOT } from '../lib/app';
import { ConfigErrors, loadConfig, NotReadable } from '../lib/config';
import { manifest, NO_URL, WrongUrl } from '../lib/slack-manifest';

const [url = NO_URL, configPath = join(ROOT, 'config.toml')] = process.argv.slice(2);
const path = join(__dirname, '../slack-app-manifest.yaml');

try {
  writeFileSync(path, manifest(loadConfig(resolve(configPath)), url));
  console.log(`${path}: ${url}`);
} catch (error) {
  const expected = [ConfigErrors, NotReadable, WrongUrl].some((kind) => error instanceof kind);
  console.error(expected ? (error as Error).message : error);
  process.exitCode = 1;
}
