// What the Node.js example keeps apart: node isolation.mjs EXAMPLE-FOLDER COMPONENT.wasm, with ORGS set to the orgs'
// addresses and credentials. Prints what each tenant reads, and how many components hold a token in their memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, component] = process.argv;
const module = (name) => import(pathToFileURL(join(folder, name)));
const { Host, translate } = await module('host.mjs');
const { importsFor, signIn } = await module('tenant.mjs');
const tenants = await Promise.all(JSON.parse(process.env.ORGS).map(signIn));

// At once, on two threads: a mix-up would show in the ids.
const host = await Host.load(component, 2);
const read = async ({ reads }) => {
  const { profile, organization } = await reads.discover();
  const { records } = await reads.listPage(profile, 'users', {});
  return { organization: organization.id, users: records.lines };
};
const read_at_once = await Promise.all(tenants.map((tenant) => host.run(tenant, read)));
await host.close();

// On this thread, where the memories can be looked into.
const out = await mkdtemp(join(tmpdir(), 'isolation-'));
const { module: connector, cores } = await translate(component, out);
const { instantiate } = await import(connector);
let holding = 0;
let scanned = 0;
for (const tenant of tenants) {
  const memories = [];
  const instantiateCore = async (core, imports) => {
    const instance = await WebAssembly.instantiate(core, imports);
    const exported = Object.values(instance.exports);
    memories.push(...exported.filter((it) => it instanceof WebAssembly.Memory));
    return instance;
  };
  const { reads } = await instantiate((core) => cores[core], importsFor(tenant), instantiateCore);
  const { profile } = reads.discover();
  reads.listPage(profile, 'users', {});
  const texts = memories.map((memory) => Buffer.from(memory.buffer));
  // What is surely there shows that this looks at the right memory.
  if (texts.some((text) => text.includes(tenant.baseUrl))) scanned += 1;
  if (texts.some((text) => text.includes(tenant.token))) holding += 1;
}
await rm(out, { recursive: true });
console.log(JSON.stringify({ read: read_at_once, scanned, holding }));
process.exit(0); // The I/O worker of preview2-shim would keep the process alive.
