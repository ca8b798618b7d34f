// A thread that runs one session after the other. An instance takes jco half a second, so those of the last few tenants
// are kept; no two tenants ever share one.
import { parentPort, workerData } from 'node:worker_threads';
import { importsFor } from './tenant.mjs';

/** How many instances are kept: each holds some 20 MB. */
const KEPT = 4;

const { instantiate } = await import(workerData.module);
const instances = new Map();
let key;

async function open(tenant) {
  key = JSON.stringify(tenant);
  const exports =
    instances.get(key) ?? (await instantiate((core) => workerData.cores[core], importsFor(tenant)));
  instances.delete(key);
  instances.set(key, exports);
  if (instances.size > KEPT) instances.delete(instances.keys().next().value);
}

function call(name, call, parameters) {
  const exported = instances.get(key)[name]?.[call];
  if (!exported) throw { tag: 'unsupported', val: { message: `the connector has no ${name}.${call}` } };
  return exported(...parameters);
}

parentPort.on('message', async (asked) => {
  try {
    const value = asked.open ? await open(asked.open) : call(asked.name, asked.call, asked.parameters);
    parentPort.postMessage({ value });
  } catch (thrown) {
    // Some versions of jco throw an error of the contract as it is, others in an error `[object Object]`.
    const error = thrown?.payload ?? thrown;
    if (error?.tag) return parentPort.postMessage({ error });
    // What trapped can't be entered again.
    instances.delete(key);
    parentPort.postMessage({ crash: `the connector crashed: ${thrown?.stack ?? thrown}` });
  }
});
