// Runs the released @kombo-api/sdk, unchanged, against `asymbl serve`. Any difference is an assertion error.
//
// Environment: SERVE_URL, SERVE_KEY, SERVE_INTEGRATION, SERVE_EXPECTED (a file: JSON of the mirror's live ids by list);
// the package is resolved from CLIENTS_FOLDER.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const { Kombo } = await import(pathToFileURL(`${process.env.CLIENTS_FOLDER}/node_modules/@kombo-api/sdk/esm/index.js`));

const { SERVE_URL, SERVE_KEY, SERVE_INTEGRATION, SERVE_EXPECTED } = process.env;
const client = (options = {}) =>
  new Kombo({ api_key: SERVE_KEY, integration_id: SERVE_INTEGRATION, server_url: `${SERVE_URL}/v1`, ...options });
const kombo = client();
const expected = JSON.parse(readFileSync(SERVE_EXPECTED, "utf8"));

async function every(call, query = {}) {
  const found = [];
  for await (const page of await kombo.ats[call](query)) found.push(...page.result.data.results);
  return found;
}

async function codeOf(promise) {
  const error = await promise.then(() => null, (error) => error);
  assert.ok(error, "no error");
  return error.data$?.error.code ?? error.error?.code;
}

const calls = {
  users: "getUsers",
  jobs: "getJobs",
  candidates: "getCandidates",
  applications: "getApplications",
  "application-stages": "getApplicationStages",
};
const all = {};
for (const [name, call] of Object.entries(calls)) {
  all[name] = await every(call, { page_size: 2 });
  assert.deepEqual(all[name].map((record) => record.id), expected[name], name);
  const some = all[name].slice(1, 3).map((record) => record.id);
  assert.deepEqual((await every(call, { ids: some, page_size: 1 })).map((record) => record.id), some);
}
const open = all.jobs.filter((job) => job.status === "OPEN");
assert.deepEqual((await every("getJobs", { statuses: ["OPEN"], page_size: 2 })).map((job) => job.id), open.map((job) => job.id));
const future = new Date(Date.now() + 3_600_000);
assert.deepEqual(await every("getCandidates", { updated_after: future }), []);

const candidate = { first_name: "Ida", last_name: "Client", email_address: "ida.client@example.com" };
const made = await kombo.ats.createCandidate({ candidate, application: { job_id: open[0].id } });
assert.equal(made.data.applications[0].job.id, open[0].id);
const applied = await kombo.ats.createApplication({ job_id: open[1].id, body: { candidate } });
assert.equal(applied.data.candidate.id, made.data.id);
const stage_id = open[1].stages[1].id;
await kombo.ats.moveApplicationToStage({ application_id: applied.data.id, body: { stage_id } });
const [moved] = await every("getApplications", { ids: [applied.data.id] });
assert.equal(moved.current_stage.id, stage_id);
const attachment = { name: "cv.txt", type: "CV", content_type: "text/plain", data: "aGFsbG8=" };
await kombo.ats.addApplicationAttachment({ application_id: applied.data.id, body: { attachment } });
const files = await kombo.ats.getCandidateAttachments({ candidate_id: made.data.id });
assert.deepEqual(files.data.results.map((file) => file.file_name), ["cv.txt"]);
assert.equal(await (await fetch(files.data.results[0].data_url)).text(), "hallo");

const limits = await kombo.general.sendPassthroughRequest({
  tool: "asymbl",
  api: "v63",
  body: { method: "GET", path: "/services/data/v66.0/limits" },
});
assert.equal(limits.data.status, 200);

assert.equal(await codeOf(client({ api_key: "x".repeat(30) }).ats.getJobs()), "PLATFORM.AUTHENTICATION_INVALID");
assert.equal(await codeOf(client({ integration_id: "asymbl:nobody" }).ats.getJobs()), "PLATFORM.INTEGRATION_NOT_FOUND");
assert.equal(await codeOf(kombo.ats.getJobs({ cursor: "x" })), "PLATFORM.INPUT_INVALID");

console.log("all checks passed");
