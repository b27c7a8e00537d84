/** Partitions: the second part of every ARN. From the SDKs' `partitions.json`. */

import { type Region, region } from './config/kinds';

const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
];

/** The partition that a region lies in, told by how its name begins. */
export function partitionOf(region: Region): string {
  return BEGINNINGS.find(([beginning]) => region.startsWith(beginning))?.[1] ?? 'aws';
}

/** The regions that every account of a partition has: none can be switched off. Others an account has to opt in to. */
const ALWAYS_ENABLED: Readonly<Record<string, readonly string[]>> = {
  aws: [
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-northeast-3',
    'ap-south-1',
    'ap-southeast-1',
    'ap-southeast-2',
    'ca-central-1',
    'eu-central-1',
    'eu-north-1',
    'eu-west-1',
    'eu-west-2',
    'eu-west-3',
    'sa-east-1',
    'us-east-1',
    'us-east-2',
    'us-west-1',
    'us-west-2',
  ],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
  'aws-us-gov': ['us-gov-east-1', 'us-gov-west-1'],
};

/** The regions of `home`'s partition that every account has, and `home`. */
export function alwaysEnabled(home: Region): readonly Region[] {
  const known = ALWAYS_ENABLED[partitionOf(home)] ?? [];
  return [...new Set([...known, home])]
    .map((name) => region.parse(name))
    .filter((one): one is Region => typeof one === 'string');
}
