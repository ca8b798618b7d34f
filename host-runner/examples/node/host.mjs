// Runs a connector component for many tenants: one compiled component, a few worker threads, an instance per tenant.
// Calls of the component block the thread that makes them until the ATS has answered, so none is made on this one.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { transpile, writeFiles } from '@bytecodealliance/jco-transpile';

/** @import { Connector as Exports } from './types/connector.js' */
/** @import { Error as ContractCase } from './types/interfaces/ats-connector-types.js' */
/** @import { Tenant } from './tenant.mjs' */

/**
 * The functions of an interface, each of which returns a promise here.
 * @template T
 * @typedef {{ [F in keyof T]: T[F] extends (...parameters: infer P) => infer R ? (...parameters: P) => Promise<R> : never }}
 *   Asked
 */
/**
 * What a job gets of the component. The types and their comments are the contract's: see `types.mjs`.
 * @typedef {{
 *   reads: Asked<Exports['reads']>,
 *   about: Asked<Exports['about']>,
 *   actions: Asked<Exports['actions']>,
 *   inspection: Asked<Exports['inspection']>,
 * }} Connector
 */
/** @typedef {{ open: Tenant } | { name: string, call: string, parameters: unknown[] }} Message */
/** @typedef {Record<string, WebAssembly.Module>} Cores */

/** The version of the contract that this host is written for; the patch does not matter. */
const CONTRACT = '0.2';

/** An error of the contract: `case` is its name (`not-found`), `message` says what to do, `detail` holds the rest. */
export class ContractError extends Error {
  /** @param {ContractCase} error */
  constructor(error) {
    super(`${error.tag}: ${messageOf(error)}`);
    this.name = 'ContractError';
    this.case = error.tag;
    this.detail = error.val;
  }
}

/** @param {ContractCase} error */
function messageOf({ val }) {
  if (Array.isArray(val)) return val.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return 'failure' in val ? val.failure.message : val.message;
}

export class Host {
  #folder;
  #workers;
  #idle;
  /** @type {((worker: Worker) => void)[]} */
  #waiting = [];

  /**
   * @param {string} folder
   * @param {Worker[]} workers
   */
  constructor(folder, workers) {
    this.#folder = folder;
    this.#workers = workers;
    this.#idle = [...workers];
  }

  /**
   * Translates and compiles a component, which takes a second or two, and starts the threads.
   * @param {string} component
   */
  static async load(component, threads = availableParallelism()) {
    const folder = await mkdtemp(join(tmpdir(), 'connector-'));
    try {
      const workerData = await translate(component, folder);
      const start = () => new Worker(new URL('worker.mjs', import.meta.url), { workerData });
      return new Host(folder, Array.from({ length: threads }, start));
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  /**
   * Runs `job` on a thread of its own, as soon as one is free. It gets the contract's functions, each of which returns a
   * promise: `connector.reads.listPage(profile, 'users', {})`.
   * @template T
   * @param {Tenant} tenant
   * @param {(connector: Connector) => Promise<T>} job
   */
  async run(tenant, job) {
    const worker = this.#idle.pop() ?? (await this.#free());
    try {
      await ask(worker, { open: tenant });
      return await job(functionsOf(worker));
    } finally {
      const next = this.#waiting.shift();
      if (next) next(worker);
      else this.#idle.push(worker);
    }
  }

  /** @returns {Promise<Worker>} */
  #free() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async close() {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    await rm(this.#folder, { recursive: true });
  }
}

/**
 * Writes a component as JavaScript into a folder; returns what each thread needs of it.
 * @param {string} component
 * @param {string} folder
 */
export async function translate(component, folder) {
  const { files, exports } = await transpile(component, {
    name: 'connector',
    instantiation: 'async',
    wasiShim: false,
    emitTypescriptDeclarations: false,
    outDir: folder,
  });
  checkVersion(exports.map(([name]) => name));
  await writeFiles(files);
  /** @type {Cores} */
  const cores = {};
  for (const path of Object.keys(files).filter((path) => path.endsWith('.wasm'))) {
    cores[basename(path)] = await WebAssembly.compile(new Uint8Array(await readFile(path)));
  }
  return { module: pathToFileURL(join(folder, 'connector.js')).href, cores };
}

/** @param {string[]} names */
function checkVersion(names) {
  const [, version] = names.map((name) => name.match(/^ats:connector\/reads@(.+)$/)).find(Boolean) ?? [];
  if (!version) throw new Error('not a connector: it does not export ats:connector/reads');
  const minor = version.split('.').slice(0, 2).join('.');
  if (minor !== CONTRACT) {
    throw new Error(`the component is built for ats:connector@${minor}, this host supports ${CONTRACT}`);
  }
}

/**
 * The functions of a worker's session, by the names of interface and function.
 * @param {Worker} worker
 * @returns {Connector}
 */
function functionsOf(worker) {
  /** @type {(name: string) => (call: string) => (...parameters: unknown[]) => Promise<any>} */
  const functions = (name) => (call) => (...parameters) => ask(worker, { name, call, parameters });
  return named((name) => (name === 'then' ? undefined : named(functions(name))));
}

/**
 * An object that has whatever it is asked for.
 * @param {(name: string) => unknown} member
 * @returns {any}
 */
function named(member) {
  return new Proxy({}, { get: (_, name) => member(String(name)) });
}

/**
 * Sends a worker one message and waits for its answer.
 * @param {Worker} worker
 * @param {Message} message
 * @returns {Promise<any>}
 */
function ask(worker, message) {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', ({ value, error, crash }) => {
      worker.off('error', reject);
      if (error) reject(new ContractError(error));
      else if (crash) reject(new Error(crash));
      else resolve(value);
    });
    worker.postMessage(message);
  });
}
