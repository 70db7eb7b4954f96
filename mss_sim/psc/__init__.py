"""Pro Santé Connect: the OpenID provider of the professionals, on the simulator's HTTP port.

    routes           which path is answered by what
    discovery        both discovery documents, the keys
    urls             where the endpoints are
    answers          JSON that is not cached, errors in the protocol's form, redirects
    refused          errors that leave otherwise: sent back, on a page of their own, with the challenge of a token
    certificates     the subject of a client certificate, from the ASGI scope
    authentication   which client is asking: secret, signed assertion, certificate, or none
    authorize        the authorization request, the log-in page, headless log-in
    callback         what was given to a client without a page of its own
    browser          cookies, pages under way, tokens against forged forms
    pages            the HTML, in French, without JavaScript
    grants           token, introspection and revocation endpoints
    backchannel      CIBA and the page of approvals
    userinfo         claims of the person who is logged in, JSON or signed
    logout           the end of a session

The state machine, what is logged in and what was given out, is in `core/psc/provider.py` and `core/psc/ciba.py`; the
signatures in `core/world/access_tokens.py`. Here is HTTP alone. Specifications: OAuth 2.0 with PKCE, revocation,
introspection, OpenID Connect Core, RP-initiated logout, CIBA in poll mode; each is named where it is kept.

National oddities are kept: the discovery document has a name of its own beside the usual one, and the
authorization endpoint lives at another path than the issuer, `/auth`, on another host if a setting says so.

Liberties taken: anybody may log in as anybody, for there are no cards; on loopback addresses the port of a
redirect URI is free; nothing is fetched from a client (no jwks_uri, no request_uri, no back-channel logout);
tokens are not bound to certificates. Everything that was chosen stands in docs/quirks.md.
"""
