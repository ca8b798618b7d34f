// What a platform does with a connector: node example.mjs COMPONENT.wasm
import { ContractError, Host } from './host.mjs';
import { signIn } from './tenant.mjs';

const { BASE_URL = '', CLIENT_ID = '', CLIENT_SECRET = '' } = process.env;

/** @import { Connector } from './host.mjs' */
/** @import { Model } from './types/interfaces/ats-connector-types.js' */

/**
 * Reads a model page by page; without a token in full, else what changed since. Returns the token of its end.
 * @param {Connector} connector
 * @param {string} profile
 * @param {Model} model
 * @param {string | undefined} since
 * @param {(line: string) => void} show
 * @returns {Promise<string>}
 */
async function list({ reads }, profile, model, since, show) {
  /** @type {string | undefined} */
  let cursor;
  for (;;) {
    const { records, info } = await reads.listPage(profile, model, { since, cursor });
    records.lines.split('\n').filter(Boolean).forEach(show);
    if (info.progress.tag === 'done') return info.progress.val;
    cursor = info.progress.val;
  }
}

/** @param {Connector} connector */
async function story(connector) {
  const { reads, actions, inspection } = connector;
  const { profile, organization } = await reads.discover();
  console.log(`organization: ${organization.id}`);

  const token = await list(connector, profile, 'candidates', undefined, (line) => console.log(line));

  /** @type {{ remote_id: string } | undefined} */
  let job;
  await list(connector, profile, 'jobs', undefined, (line) => {
    const record = JSON.parse(line);
    if (record.status === 'OPEN') job ??= record;
  });
  if (!job) throw new Error('no job is open');
  const created = await actions.createApplication(
    { profile, idempotencyKey: undefined, repeats: undefined, actingUser: undefined },
    {
      candidate: {
        firstName: 'Noor',
        lastName: 'de Vries',
        emailAddress: 'noor@node.example',
        additionalEmailAddresses: [],
        additionalPhoneNumbers: [],
        socialLinks: [],
      },
      application: { jobId: job.remote_id },
      attachments: [],
    },
  );
  console.log(`created: ${created.applicationId} of ${created.candidateId}`);

  await list(connector, profile, 'candidates', token, (line) => {
    const { remote_id, first_name } = JSON.parse(line);
    console.log(`changed: ${remote_id} ${first_name}`);
  });

  try {
    await actions.getCandidateAttachments(profile, '003000000000000AAA');
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    console.log(`error: ${error.message}`);
  }

  const { status, body } = await inspection.passthrough({
    method: 'GET',
    path: '/services/data/',
    query: [],
    headers: [],
    body: { tag: 'empty' },
  });
  console.log(`passthrough: HTTP ${status}, ${body.val.length} characters of ${body.tag}`);
}

/** @type {Host | undefined} */
let host;
try {
  host = await Host.load(process.argv[2] ?? '', 1);
  const tenant = await signIn({ baseUrl: BASE_URL, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });
  await host.run(tenant, story);
} catch (error) {
  console.error(error instanceof ContractError ? error.message : error);
  process.exitCode = 1;
} finally {
  await host?.close();
}
