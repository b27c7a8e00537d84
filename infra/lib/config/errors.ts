/** What is wrong in a configuration: every error of it, each with its key. */

/** One error: where, what is wrong, and what to do. */
export interface ConfigError {
  /** The dotted path of a key, as `timing.poll_every`; or a line and column of a text that is no TOML. */
  readonly place: Place;
  /** What is wrong, and what to do. Never holds a value that may be a secret. */
  readonly problem: string;
}

/** Where in a configuration an error is. Lines and columns count from 1. */
export type Place =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'line'; readonly line: number; readonly column: number };

/** Every error of a configuration. The message has one line an error: file, place, what is wrong and what to do. */
export class ConfigErrors extends Error {
  constructor(
    readonly errors: readonly ConfigError[],
    file = 'config.toml',
  ) {
    super(errors.map((error) => `${file}: ${placeText(error.place)}: ${error.problem}`).join('\n'));
    this.name = 'ConfigErrors';
  }

  /** The same errors, printed with the path of the file that they are in. */
  inFile(path: string): ConfigErrors {
    return new ConfigErrors(this.errors, path);
  }
}

/** The file is not there, or can't be read. */
export class NotReadable extends Error {}

function placeText(place: Place): string {
  switch (place.kind) {
    case 'key':
      return place.key;
    case 'line':
      return `line ${place.line}, column ${place.column}`;
  }
}

/** The errors found so far. */
export class Errors {
  private readonly found: ConfigError[] = [];

  add(key: Key, problem: string): undefined {
    this.found.push({ place: { kind: 'key', key: key.text }, problem });
    return undefined;
  }

  addAt(line: number, column: number, problem: string): void {
    this.found.push({ place: { kind: 'line', line, column }, problem });
  }

  get all(): readonly ConfigError[] {
    return this.found;
  }
}

/** The dotted path of a key. Parts that TOML wants quoted are quoted; one that looks like a secret is not shown. */
export class Key {
  private constructor(readonly text: string) {}

  static readonly root = new Key('');

  child(name: string): Key {
    const shown = looksLikeSecret(name) ? '"***"' : /^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name);
    return new Key(this.text === '' ? shown : `${this.text}.${shown}`);
  }

  item(index: number): Key {
    return new Key(`${this.text}[${index}]`);
  }
}

/** Whether a text begins like a Slack token or a webhook's URL. */
export function looksLikeSecret(text: string): boolean {
  return /^\s*(xox.[-.]|xapp-|https:\/\/hooks\.slack)/i.test(text);
}
