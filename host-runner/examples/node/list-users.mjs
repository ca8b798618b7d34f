// The connector in Node.js, through jco. This host can't add credentials to requests by itself, so it passes a token.
//
//   npm install @bytecodealliance/jco @bytecodealliance/preview2-shim        (package.json needs "type": "module")
//   npx jco transpile asymbl.wasm -o out --name asymbl --map 'ats:connector/host=../host.mjs#host'
//   BASE_URL=https://acme.my.salesforce.com ACCESS_TOKEN=... node list-users.mjs
//
// with host.mjs:
//
//   export const host = {
//     getConnection: () => ({
//       baseUrl: process.env.BASE_URL, apiVersion: '66.0', settings: '{}', disabled: [],
//       accessToken: process.env.ACCESS_TOKEN,
//     }),
//     log: (level, message) => console.error(level, message),
//   };
import { reads } from './out/asymbl.js';

try {
  const { profile } = reads.discover();
  const users = reads.listUsers(profile, {});
  for (const user of users.items) console.log(user.remoteId, user.firstName, user.lastName, user.status);
} catch (error) {
  // A contract error: `tag` is its case, `val.message` says what to do.
  console.error(error.payload ?? error);
}
process.exit(); // jco's HTTP worker would keep the process alive
