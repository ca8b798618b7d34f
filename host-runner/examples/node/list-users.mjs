// Lists the users of an org through the component: node list-users.mjs COMPONENT.wasm
import { transpile, writeFiles } from '@bytecodealliance/jco-transpile';

const output = new URL('out/', import.meta.url);
const { files } = await transpile(process.argv[2], {
  name: 'asymbl',
  outDir: output.pathname,
  map: { 'ats:connector/host': '../host.mjs#host' },
});
await writeFiles(files);
const { reads } = await import(new URL('asymbl.js', output));

let exitCode = 0;
try {
  const { profile } = reads.discover();
  let cursor;
  do {
    const { items, info } = reads.listUsers(profile, { cursor });
    for (const user of items) console.log([user.remoteId, user.firstName, user.lastName, user.status].join('\t'));
    // The last page has a sync token instead: keep it, a listing with it as `since` returns only what changed.
    cursor = info.progress.tag === 'more' ? info.progress.val : undefined;
  } while (cursor);
} catch (error) {
  // An error of the contract: `tag` is its case, `val.message` says what to do.
  console.error(error.payload ?? error);
  exitCode = 1;
}
process.exit(exitCode); // The HTTP worker of preview2-shim would keep the process alive.
