// What the Node.js example keeps apart: node --import memories.mjs isolation.mjs EXAMPLE-FOLDER COMPONENT.wasm, with ORGS
// set to the orgs' addresses and credentials. Prints what each tenant reads, how many components hold an address or a
// token, anybody's, in their memory meanwhile, and what it cost.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, component] = process.argv;
const module = (name) => import(pathToFileURL(join(folder, name)));
const { Host } = await module('host.mjs');
const { signIn } = await module('tenant.mjs');
const tenants = await Promise.all(JSON.parse(process.env.ORGS).map((org) => signIn(org)));
const each = (name) => [...new Set(tenants.map((tenant) => tenant[name]))];
const lookFor = { tokens: each('token'), urls: each('baseUrl') };
process.env.LOOK_FOR = JSON.stringify(lookFor);

// At once, on two threads: a mix-up would show in the ids.
const host = await Host.load(component, 2);
const read = await Promise.all(
  tenants.map((tenant) =>
    host.run(tenant, async ({ reads }) => {
      const { profile, organization } = await reads.discover();
      const { records, found } = await reads.listPage(profile, 'users', {});
      return { organization: organization.id, users: records.lines, found };
    }),
  ),
);

// Each page is a request; none may leave a connection open behind it.
const handles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);
const before = handles();
await host.run(tenants[0], async ({ reads }) => {
  const { profile } = await reads.discover();
  let cursor;
  for (let page = 0; page < 60; page += 1) {
    const { info } = await reads.listPage(profile, 'candidates', { pageSize: 1, cursor });
    cursor = info.progress.val;
  }
});
const leftOpen = handles() - before;
await host.close();
const cost = {
  tokens: lookFor.tokens.length,
  seconds: Math.round(performance.now() / 1000),
  peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
};
console.log(JSON.stringify({ read, leftOpen, cost }));
process.exit(0); // The I/O worker of preview2-shim would keep the process alive.
