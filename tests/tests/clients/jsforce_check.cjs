// Runs the released jsforce, unchanged, against a practice org. Any difference is an assertion error.
//
// Environment: ORG_URL (http), ORG_CLIENT_ID, ORG_CLIENT_SECRET, ORG_USERNAME, ORG_PASSWORD, ORG_SECURITY_TOKEN; jsforce is resolved from CLIENTS_FOLDER.
const assert = require("node:assert/strict");
const { createRequire } = require("node:module");
const jsforce = createRequire(`${process.env.CLIENTS_FOLDER}/`)("jsforce");

async function login() {
  const conn = new jsforce.Connection({
    instanceUrl: process.env.ORG_URL,
    oauth2: {
      loginUrl: process.env.ORG_URL,
      clientId: process.env.ORG_CLIENT_ID,
      clientSecret: process.env.ORG_CLIENT_SECRET,
    },
  });
  await conn.authorize({ grant_type: "client_credentials" });
  assert.equal(conn.instanceUrl, process.env.ORG_URL);
  return conn;
}

// login() without OAuth goes by SOAP, with OAuth by the password flow.
async function passwordLogins() {
  const { ORG_URL: loginUrl, ORG_USERNAME: username, ORG_CLIENT_ID: clientId, ORG_CLIENT_SECRET: clientSecret } = process.env;
  const password = process.env.ORG_PASSWORD + process.env.ORG_SECURITY_TOKEN;
  for (const oauth2 of [undefined, { loginUrl, clientId, clientSecret }]) {
    const conn = new jsforce.Connection({ loginUrl, oauth2 });
    const user = await conn.login(username, password);
    assert.match(user.id, /^005/);
    assert.match(user.organizationId, /^00D/);
    assert.equal((await conn.query("SELECT Id FROM Account LIMIT 1")).records.length, 1);
    await conn.logout();
    await assert.rejects(conn.query("SELECT Id FROM Account"));
    await assert.rejects(new jsforce.Connection({ loginUrl, oauth2 }).login(username, "wrong"), /INVALID_LOGIN|invalid_grant|authentication failure/);
  }
}

async function bulkV1(conn, count) {
  conn.bulk.pollInterval = 50;
  conn.bulk.pollTimeout = 60000;
  const stream = await conn.bulk.query("SELECT Id, LastName FROM Contact");
  assert.equal((await stream.toArray()).length, count);
  const input = ["Pilot", ""].map((LastName) => ({ LastName, Title: "Bulk1" }));
  const batch = conn.bulk.load("Contact", "insert", input);
  // jsforce closes the job on its own time: a logout before that is an error that nobody catches.
  const closed = new Promise((resolve) => batch.job.once("close", resolve));
  const results = await batch;
  assert.deepEqual(results.map((one) => one.success), [true, false]);
  assert.match(results[1].errors[0], /REQUIRED_FIELD_MISSING/);
  await closed;
}

async function queries(conn) {
  const { totalSize: count } = await conn.query("SELECT COUNT() FROM Contact");
  assert.ok(count > 2000);
  const rows = await conn.query("SELECT Id, Name FROM Contact", { autoFetch: true, maxFetch: 50000 });
  assert.equal(rows.records.length, count);
  assert.equal(new Set(rows.records.map((row) => row.Id)).size, count);
  const streamed = await new Promise((resolve, reject) => {
    let seen = 0;
    conn
      .query("SELECT Id FROM Contact")
      .on("record", () => (seen += 1))
      .on("end", () => resolve(seen))
      .on("error", reject)
      .run({ autoFetch: true, maxFetch: 50000 });
  });
  assert.equal(streamed, count);
  const found = await conn.sobject("Contact").find({ LastName: { $ne: null } }, "Id, LastName").limit(5);
  assert.equal(found.length, 5);
  await assert.rejects(conn.query("SELECT Nope FROM Contact"), { errorCode: "INVALID_FIELD" });
  return count;
}

async function descriptions(conn) {
  const contact = await conn.sobject("Contact").describe();
  assert.ok(contact.fields.some((field) => field.name === "LastName" && !field.nillable));
  const everything = await conn.describeGlobal();
  assert.ok(everything.sobjects.some((object) => object.name === "bpats__Job__c"));
  const identity = await conn.identity();
  assert.equal(identity.user_id, conn.userInfo.id);
  assert.equal(identity.organization_id, conn.userInfo.organizationId);
  const limits = await conn.limits();
  assert.equal(limits.DailyApiRequests.Max, 100000);
  assert.ok(conn.limitInfo.apiUsage.used > 0);
}

async function records(conn) {
  const made = await conn.sobject("Contact").create({ LastName: "Ferry" });
  assert.ok(made.success);
  assert.equal((await conn.sobject("Contact").retrieve(made.id)).LastName, "Ferry");
  assert.ok((await conn.sobject("Contact").update({ Id: made.id, LastName: "Quay" })).success);
  assert.ok((await conn.sobject("Contact").destroy(made.id)).success);
  await assert.rejects(conn.sobject("Contact").retrieve(made.id), { errorCode: "ENTITY_IS_DELETED" });
  await assert.rejects(conn.sobject("Contact").create({ FirstName: "X" }), { errorCode: "REQUIRED_FIELD_MISSING" });

  const many = await conn.sobject("Contact").create([{ LastName: "One" }, { FirstName: "None" }, { LastName: "Two" }]);
  assert.deepEqual(many.map((one) => one.success), [true, false, true]);
  assert.equal(many[1].errors[0].statusCode, "REQUIRED_FIELD_MISSING");
  const ids = [many[0].id, many[2].id];
  const read = await conn.sobject("Contact").retrieve(ids);
  assert.deepEqual(read.map((row) => row.LastName), ["One", "Two"]);
  const updated = await conn.sobject("Contact").update(ids.map((Id) => ({ Id, Title: "Set" })));
  assert.ok(updated.every((one) => one.success));
  const crowd = Array.from({ length: 450 }, (_, i) => ({ LastName: `Crowd ${i}` }));
  const created = await conn.sobject("Contact").create(crowd, { allowRecursive: true });
  assert.equal(created.filter((one) => one.success).length, 450);
  const gone = await conn.sobject("Contact").destroy([...ids, ...created.map((one) => one.id)], { allowRecursive: true });
  assert.ok(gone.every((one) => one.success));
}

async function bulk(conn, count) {
  conn.bulk2.pollInterval = 50;
  conn.bulk2.pollTimeout = 60000;
  const stream = await conn.bulk2.query("SELECT Id, LastName FROM Contact");
  assert.equal((await stream.toArray()).length, count);
  const input = Array.from({ length: 300 }, (_, i) => ({ LastName: i === 7 ? "" : `Bulk2 ${i}`, Title: "Bulk2" }));
  const results = await conn.bulk2.loadAndWaitForResults({ object: "Contact", operation: "insert", input });
  assert.equal(results.successfulResults.length, 299);
  assert.equal(results.failedResults.length, 1);
  assert.match(results.failedResults[0].sf__Error, /REQUIRED_FIELD_MISSING/);
  assert.equal(results.unprocessedRecords.length, 0);
  const { totalSize } = await conn.query("SELECT COUNT() FROM Contact WHERE Title = 'Bulk2'");
  assert.equal(totalSize, 299);
}

async function main() {
  await passwordLogins();
  const conn = await login();
  const count = await queries(conn);
  await descriptions(conn);
  await records(conn);
  await bulk(conn, count);
  await bulkV1(conn, (await conn.query("SELECT COUNT() FROM Contact")).totalSize);
  await conn.logout();
  await assert.rejects(conn.query("SELECT Id FROM Account"));
  console.log("jsforce: all checks passed");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
