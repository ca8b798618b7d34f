// What an instance of the component gets: its tenant's settings, and requests to the tenant's own origin alone. They are
// signed here, so no token is ever in the component's memory.
import { clocks, http, io } from '@bytecodealliance/preview2-shim';

/** @typedef {{ baseUrl: string, settings: object, token: string }} Tenant */

/**
 * Signs in with the client credentials flow, and returns what a session needs.
 * @param {{ baseUrl: string, clientId: string, clientSecret: string, settings?: object }} credentials
 * @returns {Promise<Tenant>}
 */
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

/**
 * Returns the imports of an instance.
 * @param {Tenant} tenant
 */
export function importsFor({ baseUrl, settings, token }) {
  const { origin } = new URL(baseUrl);
  const authorization = new TextEncoder().encode(`Bearer ${token}`);

  class SignedRequest extends http.types.OutgoingRequest {
    #headers;
    #hasBody = false;

    /** @param {InstanceType<typeof http.types.Fields>} headers */
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

    body() {
      this.#hasBody = true;
      return super.body();
    }

    /** preview2-shim ends a request with its body; one without would keep its connection, and a file handle, for ever. */
    end() {
      if (!this.#hasBody) http.types.OutgoingBody.finish(super.body(), undefined);
    }
  }

  /** @type {typeof http.outgoingHandler.handle} */
  const handle = (request, options) => {
    const scheme = request.scheme()?.tag === 'HTTP' ? 'http' : 'https';
    if (`${scheme}://${request.authority()}` !== origin) throw { tag: 'HTTP-request-denied' };
    const answer = http.outgoingHandler.handle(request, options);
    if (request instanceof SignedRequest) request.end();
    return answer;
  };

  /** @type {typeof import('./types/interfaces/ats-connector-host.js')} */
  const host = {
    getConnection: () => ({
      baseUrl,
      apiVersion: undefined,
      settings: JSON.stringify(settings),
      disabled: [],
      accessToken: undefined,
    }),
    log: (level, message) => console.error(level, message),
  };
  return {
    'ats:connector/host': host,
    'wasi:clocks/monotonic-clock': clocks.monotonicClock,
    'wasi:http/outgoing-handler': { handle },
    'wasi:http/types': { ...http.types, OutgoingRequest: SignedRequest },
    'wasi:io/error': io.error,
    'wasi:io/poll': io.poll,
    'wasi:io/streams': io.streams,
  };
}
