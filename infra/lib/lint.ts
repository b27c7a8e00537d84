/** cfn-lint over templates, also over those that are inside StackSets. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/**
 * Rules that are left out. W3005: CDK Pipelines writes DependsOn beside a reference that says the same; it changes
 * nothing.
 */
const LEFT_OUT = ['W3005'];

/** The tool is not there. The message has the line that installs it. */
export class ToolMissing extends Error {}

/** The version that the templates are held against; an older one does not know all of their properties. */
function wanted(): string {
  const requirements = readFileSync(join(__dirname, '../requirements.txt'), 'utf8');
  return /^cfn-lint==(.+)$/m.exec(requirements)?.[1] ?? '';
}

/** Where the tool is: `CFN_LINT`, the virtual environment here (`make lambda`, `make test-infra`), or the path. */
export function cfnLint(): string {
  const version = wanted();
  const places = [process.env['CFN_LINT'], join(__dirname, '../.venv/bin/cfn-lint'), 'cfn-lint'];
  const found: string[] = [];
  for (const place of places) {
    const said = place && spawnSync(place, ['--version'], { encoding: 'utf8' }).stdout?.trim();
    if (place && said === `cfn-lint ${version}`) {
      return place;
    }
    if (said) {
      found.push(said);
    }
  }
  const instead = found.length > 0 ? ` (there is ${found.join(', ')})` : '';
  throw new ToolMissing(`cfn-lint ${version} is missing${instead}: pip install -r infra/requirements.txt`);
}

/** The templates of a cloud assembly, and the templates inside them, which are written into `into`. */
export function templates(assembly: string, into: string): string[] {
  const all = readdirSync(assembly, { recursive: true, encoding: 'utf8' });
  const paths = all.filter((name) => name.endsWith('.template.json')).map((name) => join(assembly, name));
  const inside = paths.flatMap((path) =>
    embeddedIn(JSON.parse(readFileSync(path, 'utf8'))).map((text, index) => {
      const written = join(into, `${basename(path, '.template.json')}.inside-${index}.template.json`);
      writeFileSync(written, text);
      return written;
    }),
  );
  return [...paths, ...inside];
}

/** The templates that a template's StackSets hold. */
export function embeddedIn(template: {
  Resources?: Record<string, { Type: string; Properties?: { TemplateBody?: string } }>;
}): string[] {
  return Object.values(template.Resources ?? {}).flatMap(({ Type, Properties }) =>
    Type === 'AWS::CloudFormation::StackSet' && Properties?.TemplateBody !== undefined ? [Properties.TemplateBody] : [],
  );
}

/** What cfn-lint finds in a cloud assembly; nothing where all is well. */
export function lint(assembly: string): string {
  const tool = cfnLint();
  if (!existsSync(assembly)) {
    throw new ToolMissing(`${assembly} is missing: make synth`);
  }
  const into = mkdtempSync(join(tmpdir(), 'portcullis-lint-'));
  try {
    execFileSync(tool, ['--ignore-checks', ...LEFT_OUT, '--', ...templates(assembly, into)], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return '';
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}` || String(error);
  } finally {
    rmSync(into, { recursive: true });
  }
}
