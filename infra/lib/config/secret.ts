/** References to secrets, as the configuration holds them. Their values are never here. */

import { looksLikeSecret } from './errors';
import { Refused, type TextKind } from './kinds';

/** Where a secret lies. */
export type SecretRef =
  | { readonly kind: 'secretsmanager'; readonly name: string; readonly field: string | undefined }
  | { readonly kind: 'ssm'; readonly name: string }
  | { readonly kind: 'env'; readonly variable: string };

/** `secretsmanager:NAME#FIELD`, `secretsmanager:NAME`, `ssm:NAME` or `env:VARIABLE`. No error shows the text. */
export const secretRef: TextKind<SecretRef> = {
  expected: 'a reference to a secret, as secretsmanager:NAME#FIELD, ssm:NAME or env:VARIABLE',
  parse(text) {
    const colon = text.indexOf(':');
    const [kind, rest] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
    if (rest.split('#').some(looksLikeSecret)) {
      return new Refused(
        'holds what looks like the secret itself (not shown here) where its name belongs; remove it, have it replaced ' +
          'where it was issued, and write the name',
      );
    }
    switch (kind) {
      case 'secretsmanager':
        return secretsManager(rest);
      case 'ssm':
        return isResourceName(rest) ? { kind, name: rest } : noName(kind, "a parameter's name");
      case 'env':
        return /^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)
          ? { kind, variable: rest }
          : noName(kind, "an environment variable's name");
      default:
        return new Refused(
          'is not a reference to a secret (its value is not shown); write secretsmanager:NAME#FIELD, ssm:NAME or ' +
            'env:VARIABLE',
        );
    }
  },
};

function secretsManager(rest: string): SecretRef | Refused {
  const hash = rest.indexOf('#');
  const [name, field] = hash < 0 ? [rest, undefined] : [rest.slice(0, hash), rest.slice(hash + 1)];
  const isField = field === undefined || (field !== '' && !/[#\p{Cc}]/u.test(field));
  return isResourceName(name) && isField
    ? { kind: 'secretsmanager', name, field }
    : noName('secretsmanager', "a secret's name, or NAME#FIELD");
}

function noName(kind: string, expected: string): Refused {
  return new Refused(`is a reference by ${kind}: but what follows is not ${expected} (its value is not shown)`);
}

function isResourceName(text: string): boolean {
  return /^[A-Za-z0-9/_+=.@:-]{1,2048}$/.test(text);
}
