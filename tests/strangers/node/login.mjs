// A log-in as openid-client does it. The argument is JSON: the client, and which part of the day. What it saw goes to standard
// output, one JSON value a line; a line with "visit" asks for the URL that the browser comes back to, on standard input.
import { createInterface } from "node:readline";
import * as oidc from "openid-client";

const { part, issuer, client_id, client_secret, redirect_uri, login_hint, control, grant } = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (seen) => console.log(JSON.stringify(seen));
const national = new URL(`${issuer}/.well-known/wallet-openid-configuration`);
const discover = (id, metadata, authentication) =>
  oidc.discovery(national, id, metadata, authentication, { execute: [oidc.allowInsecureRequests] });

async function logIn(config, more = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
  const asked = { redirect_uri, scope: "openid scope_all", acr_values: "eidas1", state, nonce, code_challenge, code_challenge_method: "S256" };
  say({ visit: oidc.buildAuthorizationUrl(config, { ...asked, ...more }).href });
  const back = new URL((await lines.next()).value);
  return oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce });
}

const parts = {
  async code() {
    const config = await discover(client_id, client_secret);
    const tokens = await logIn(config, { login_hint });
    const claims = tokens.claims();
    say(claims);
    say(await oidc.fetchUserInfo(config, tokens.access_token, claims.sub));
    const newer = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    say({ rotated: newer.refresh_token !== tokens.refresh_token });
    say(await oidc.tokenIntrospection(config, newer.access_token));
    await oidc.tokenRevocation(config, newer.access_token);
    say(await oidc.tokenIntrospection(config, newer.access_token));
    const post_logout_redirect_uri = "http://127.0.0.1:8765/";
    say(oidc.buildEndSessionUrl(config, { id_token_hint: newer.id_token, post_logout_redirect_uri, state: "bye" }).href);
  },

  async signed() {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const metadata = { client_id: "signed", token_endpoint_auth_method: "private_key_jwt", redirect_uris: [redirect_uri] };
    const body = JSON.stringify({ ...metadata, jwks: { keys: [{ ...jwk, alg: "ES256", kid: "k1" }] } });
    const made = await fetch(`${control}/control/psc/clients`, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (made.status !== 201) throw new Error(await made.text());
    const config = await discover("signed", {}, oidc.PrivateKeyJwt({ key: pair.privateKey, kid: "k1" }));
    const tokens = await logIn(config);
    say((await oidc.refreshTokenGrant(config, tokens.refresh_token)).claims());
  },

  async poll() {
    const config = await discover(client_id, client_secret);
    const asked = { scope: "openid scope_all", login_hint, binding_message: "07", channel: "MOBILE" };
    const response = await oidc.initiateBackchannelAuthentication(config, asked);
    say({ expires_in: response.expires_in, interval: response.interval });
    say("asked");
    say((await oidc.pollBackchannelAuthenticationGrant(config, response)).claims());
  },
};

await parts[part]();
process.stdin.destroy();
