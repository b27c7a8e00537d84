/** Prints what `cdk synth` promised the functions, as JSON: `npm run --silent contract [-- FOLDER]`. */

import { resolve, join } from 'node:path';

import { contract } from '../lib/contract';

console.log(JSON.stringify(contract(resolve(process.argv[2] ?? join(__dirname, '../cdk.out'))), null, 2));
