// What an instance of the component gets: its tenant's settings, and requests to the tenant's own origin alone. They are
// signed here, so no token is ever in the component's memory.
import { clocks, http, io } from '@bytecodealliance/preview2-shim';

/** Signs in with the client credentials flow, and returns what a session needs. */
export async function signIn({ baseUrl, clientId, clientSecret, settings = {} }) {
  const response = await fetch(`${baseUrl}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`the sign-in failed: ${answer.error_description ?? response.status}`);
  return { baseUrl, settings, token: answer.access_token };
}

/** Returns the imports of an instance. */
export function importsFor({ baseUrl, settings, token }) {
  const { origin } = new URL(baseUrl);
  const authorization = new TextEncoder().encode(`Bearer ${token}`);

  class SignedRequest extends http.types.OutgoingRequest {
    #headers;

    constructor(headers) {
      const signed = headers.clone();
      // A component that sets one is overruled.
      signed.delete('authorization');
      signed.append('authorization', authorization);
      super(signed);
      this.#headers = headers;
    }

    /** The component's own headers, without the token. */
    headers() {
      return this.#headers;
    }
  }

  const handle = (request, options) => {
    const scheme = request.scheme()?.tag === 'HTTP' ? 'http' : 'https';
    if (`${scheme}://${request.authority()}` !== origin) throw { tag: 'HTTP-request-denied' };
    return http.outgoingHandler.handle(request, options);
  };

  return {
    'ats:connector/host': {
      getConnection: () => ({
        baseUrl,
        apiVersion: undefined,
        settings: JSON.stringify(settings),
        disabled: [],
        accessToken: undefined,
      }),
      log: (level, message) => console.error(level, message),
    },
    'wasi:clocks/monotonic-clock': clocks.monotonicClock,
    'wasi:http/outgoing-handler': { handle },
    'wasi:http/types': { ...http.types, OutgoingRequest: SignedRequest },
    'wasi:io/error': io.error,
    'wasi:io/poll': io.poll,
    'wasi:io/streams': io.streams,
  };
}
