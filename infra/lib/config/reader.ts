/** Reads tables of TOML and collects every error on the way. The words are those of the functions' own reader. */

import type { TomlValue } from 'smol-toml';

import { type Errors, type Key, looksLikeSecret } from './errors';
import { Refused, type TextKind } from './kinds';

/** A table of TOML: integers are `bigint`. */
export type Table = { readonly [key: string]: TomlValue };

/** How the value of a key is read. `undefined`: it is wrong, and every error in it has been added. */
export interface Setting<T> {
  readonly expected: string;
  read(key: Key, value: TomlValue, errors: Errors): T | undefined;
}

/** A key's value, or that there was an error in it. */
export type Read<T> = { readonly value: T } | undefined;

/** A text of a kind. One that looks like a secret is refused without being shown. */
export function text<T>(kind: TextKind<T>): Setting<T> {
  return {
    expected: kind.expected,
    read(key, value, errors) {
      if (typeof value !== 'string') {
        return errors.add(key, `is ${typeOf(value)}; set it to ${kind.expected}, in quotes`);
      }
      if (looksLikeSecret(value)) {
        return errors.add(
          key,
          'holds what looks like a secret (not shown here); remove it, have it replaced where it was issued, and write ' +
            'a reference instead, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE',
        );
      }
      const parsed = kind.parse(value);
      return parsed instanceof Refused ? errors.add(key, parsed.problem) : parsed;
    },
  };
}

export const boolean: Setting<boolean> = {
  expected: 'true or false',
  read(key, value, errors) {
    return typeof value === 'boolean' ? value : errors.add(key, `is ${typeOf(value)}; set it to true or false`);
  },
};

/** A whole number within limits. */
export function integer(least: number, most: number): Setting<number> {
  const expected = `a whole number from ${least} to ${most}`;
  return {
    expected,
    read(key, value, errors) {
      if (typeof value !== 'bigint') {
        return errors.add(key, `is ${typeOf(value)}; set it to ${expected}`);
      }
      if (value < BigInt(least) || value > BigInt(most)) {
        return errors.add(key, `is ${value}; set it to ${expected}`);
      }
      return Number(value);
    },
  };
}

/** A list. Every item is read, so that each bad one is reported. */
export function list<T>(item: Setting<T>): Setting<readonly T[]> {
  const expected = 'a list, as ["...", "..."]';
  return {
    expected,
    read(key, value, errors) {
      if (!Array.isArray(value)) {
        return errors.add(key, `is ${typeOf(value)}; set it to ${expected}`);
      }
      const items = value.map((one, index) => item.read(key.item(index), one, errors));
      return items.includes(undefined) ? undefined : (items as T[]);
    },
  };
}

/** A table while it is read: what was asked for is known, what is left over at the end is an unknown key. */
export class Section {
  private readonly left: Map<string, TomlValue>;
  private readonly known: string[] = [];

  private constructor(
    private readonly key: Key,
    table: Table,
    private readonly errors: Errors,
  ) {
    this.left = new Map(Object.entries(table));
  }

  /** Reads a table. `read` must ask for every key before it gives up, or the rest would be taken for unknown. */
  static read<T>(key: Key, table: Table, errors: Errors, read: (section: Section) => T | undefined): T | undefined {
    const section = new Section(key, table, errors);
    const value = read(section);
    const known = `the keys here are ${section.known.join(', ')}`;
    for (const name of section.left.keys()) {
      errors.add(key.child(name), `there is no such key; ${known}`);
    }
    return value;
  }

  /** Whether the key is there and was not read yet. */
  has(name: string): boolean {
    return this.left.has(name);
  }

  /** Adds an error of this section's key `name`. */
  refuse(name: string, problem: string): void {
    this.errors.add(this.key.child(name), problem);
  }

  /** Adds an error of one item of the list `name`. */
  refuseItem(name: string, index: number, problem: string): void {
    this.errors.add(this.key.child(name).item(index), problem);
  }

  /** Reads a value that is not one of this section's own keys. */
  read<T>(key: Key, setting: Setting<T>, value: TomlValue): T | undefined {
    return setting.read(key, value, this.errors);
  }

  /** The value of a key that has no default. */
  required<T>(name: string, setting: Setting<T>): T | undefined {
    const read = this.optional(name, setting);
    if (read !== undefined && read.value === undefined) {
      this.refuse(name, `is missing; set it to ${setting.expected}`);
    }
    return read?.value;
  }

  /** The value of a key, or its default: written, and read, as in the file. */
  or<T>(name: string, setting: Setting<T>, standard: TomlValue): T | undefined {
    return setting.read(this.key.child(name), this.take(name) ?? standard, this.errors);
  }

  /** The value of a key that may be absent. */
  optional<T>(name: string, setting: Setting<T>): Read<T | undefined> {
    const value = this.take(name);
    if (value === undefined) {
      return { value: undefined };
    }
    const read = setting.read(this.key.child(name), value, this.errors);
    return read === undefined ? undefined : { value: read };
  }

  /** A table below this one. An absent one is read as an empty one: its keys have defaults or are missing. */
  section<T>(name: string, read: (section: Section) => T | undefined): T | undefined {
    const table = this.table(name);
    return table && Section.read(this.key.child(name), table.value ?? {}, this.errors, read);
  }

  /** A table below this one that may be absent. */
  optionalSection<T>(name: string, read: (section: Section) => T | undefined): Read<T | undefined> {
    const table = this.table(name);
    if (table?.value === undefined) {
      return table && { value: undefined };
    }
    const value = Section.read(this.key.child(name), table.value, this.errors, read);
    return value === undefined ? undefined : { value };
  }

  /** The entries of a table whose keys are the user's own. `read` is called for every entry, good or bad. */
  entries<T>(name: string, read: (key: Key, name: string, value: TomlValue) => T | undefined): T[] | undefined {
    const table = this.table(name);
    if (table === undefined) {
      return undefined;
    }
    const key = this.key.child(name);
    // In the order of the keys, as the functions' reader has them.
    const entries = Object.entries(table.value ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
    const values = entries.map(([name, value]) => read(key.child(name), name, value));
    return values.includes(undefined) ? undefined : (values as T[]);
  }

  private table(name: string): Read<Table | undefined> {
    const value = this.take(name);
    if (value === undefined || isTable(value)) {
      return { value };
    }
    this.refuse(name, `is ${typeOf(value)}; set it to a table, as [name]`);
    return undefined;
  }

  private take(name: string): TomlValue | undefined {
    this.known.push(name);
    const value = this.left.get(name);
    this.left.delete(name);
    return value;
  }
}

function isTable(value: TomlValue): value is Table & TomlValue {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

function typeOf(value: TomlValue): string {
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'bigint':
      return 'an integer';
    case 'number':
      return 'a float';
    case 'boolean':
      return 'a boolean';
    default:
      return Array.isArray(value) ? 'a list' : value instanceof Date ? 'a date' : 'a table';
  }
}
