/** From the text of `config.toml` to a table. */

import { parse, TomlError } from 'smol-toml';

import type { Errors } from './errors';
import type { Table } from './reader';

/** After this many the rest is likely to follow from them. */
const MOST = 20;

/**
 * The table, or nothing once the errors have been added. The parser stops at an error, so the line of each is left out
 * and the rest is parsed again: all of them are told at once.
 */
export function readSyntax(text: string, errors: Errors): Table | undefined {
  const lines = text.split('\n');
  for (let found = 0; found < MOST; found += 1) {
    try {
      const table = parse(lines.join('\n'), { integersAsBigInt: true });
      return found === 0 ? table : undefined;
    } catch (error) {
      if (!(error instanceof TomlError)) {
        throw error;
      }
      errors.addAt(error.line, error.column, `is not TOML: ${firstLine(error)}`);
      lines[error.line - 1] = '';
    }
  }
  return undefined;
}

/** Only the message: what follows it quotes the line, which may hold a secret. */
function firstLine(error: TomlError): string {
  return error.message.replace(/^Invalid TOML document: /, '').split('\n')[0] ?? 'it can not be parsed';
}
