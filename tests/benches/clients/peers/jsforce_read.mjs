// Reads a query's rows with jsforce. Variables: ORG (the address), TOKEN, SOQL, NODE_PATH (a folder that has jsforce).
import { createRequire } from "node:module";

const jsforce = createRequire(import.meta.url)("jsforce");
const { ORG, TOKEN, SOQL } = process.env;
const org = new jsforce.Connection({ instanceUrl: ORG, accessToken: TOKEN, version: "66.0" });
let rows = 0;
await new Promise((resolve, reject) => {
  const query = org.query(SOQL);
  query.on("record", () => rows++).on("end", resolve).on("error", reject);
  query.run({ autoFetch: true, maxFetch: 1e7 });
});
console.log(rows);
