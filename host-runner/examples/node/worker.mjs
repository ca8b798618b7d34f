// A thread that runs one session after the other. An instance takes jco half a second, so those of the last few tenants
// are kept; no two tenants ever share one.
import { parentPort as port, workerData } from 'node:worker_threads';
import { importsFor } from './tenant.mjs';

/** @import { Message } from './host.mjs' */
/** @import { Tenant } from './tenant.mjs' */

if (!port) throw new Error('host.mjs starts this as a thread');
const parentPort = port;

/** How many instances are kept: each holds some 20 MB. */
const KEPT = 4;

const { instantiate } = await import(workerData.module);
/** @type {(core: string) => WebAssembly.Module} */
const moduleOf = (core) => workerData.cores[core];
const instances = new Map();
/** @type {string} */
let key;

/** @param {Tenant} tenant */
async function open(tenant) {
  key = JSON.stringify(tenant);
  const exports = instances.get(key) ?? (await instantiate(moduleOf, importsFor(tenant)));
  instances.delete(key);
  instances.set(key, exports);
  if (instances.size > KEPT) instances.delete(instances.keys().next().value);
}

/**
 * @param {string} name
 * @param {string} call
 * @param {unknown[]} parameters
 */
function call(name, call, parameters) {
  const exported = instances.get(key)[name]?.[call];
  if (!exported) throw { tag: 'unsupported', val: { message: `the connector has no ${name}.${call}` } };
  return exported(...parameters);
}

parentPort.on('message', async (/** @type {Message} */ asked) => {
  try {
    const value = 'open' in asked ? await open(asked.open) : call(asked.name, asked.call, asked.parameters);
    parentPort.postMessage({ value });
  } catch (/** @type {any} */ thrown) {
    // Some versions of jco throw an error of the contract as it is, others in an error `[object Object]`.
    const error = thrown?.payload ?? thrown;
    if (error?.tag) return parentPort.postMessage({ error });
    // What trapped can't be entered again.
    instances.delete(key);
    parentPort.postMessage({ crash: `the connector crashed: ${thrown?.stack ?? thrown}` });
  }
});
