// The contract's `host` interface, which the component imports. Node.js cannot add credentials to the component's
// requests, so this host passes an access token through the connection.
const { BASE_URL, CLIENT_ID, CLIENT_SECRET } = process.env;

async function signIn() {
  const response = await fetch(`${BASE_URL}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
    }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`the sign-in failed: ${answer.error_description ?? response.status}`);
  return answer.access_token;
}

const accessToken = await signIn();

export const host = {
  getConnection: () => ({
    baseUrl: BASE_URL,
    apiVersion: undefined,
    settings: '{}',
    disabled: [],
    accessToken,
  }),
  log: (level, message) => console.error(level, message),
};
