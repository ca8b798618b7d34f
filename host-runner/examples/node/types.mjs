// Writes the contract's types, with its comments, into `types/`: node types.mjs [WIT-PACKAGE.wasm]. The package is the
// `ats-connector.wasm` of a release. `npx @bytecodealliance/jco@1.34.0 types ats-connector.wasm -o types` writes the
// same; jco 1.35.0, to which this version of jco-transpile belongs, finds no path of WIT, so it gets the bytes here.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { $init, generateTypes } from '@bytecodealliance/jco-transpile/component';

const wit = process.argv[2] ?? process.env.WIT_PACKAGE ?? 'ats-connector.wasm';
const folder = join(import.meta.dirname, 'types');
await $init;
const files = generateTypes('connector', {
  wit: { tag: 'binary', val: await readFile(wit) },
  world: 'connector',
  instantiation: { tag: 'async' },
  features: { tag: 'list', val: [] },
  guest: false,
  tlaCompat: false,
  flagsAsBigint: false,
  variantsInlineCases: false,
  useNamespaceObjects: false,
  enumValuesScreamingSnakeCase: false,
});
await rm(folder, { recursive: true, force: true });
for (const [name, bytes] of files) {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
