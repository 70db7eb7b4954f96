"""The OpenID provider of the professionals: registered clients, sessions, issued tokens.

    provider          sessions, codes, refresh tokens, introspection, revocation
    switches          log-in without a page, requests that fail
    ciba              log-in without a browser: requests that wait for an approval
    clients           registered by the control plane, by a file, at first start
    professionals     people with a card or a phone, and how they may log in
    userinfo_claims   what userinfo reports about each
    oauth_errors      refusals in the words of the protocol
    skew              a provider whose clock is wrong
    hashes            what both sides of a code compute: PKCE, at_hash

Pro Santé Connect is one provider for all operators. Tokens are signed and verified by
`world/access_tokens`, so that every mail door checks them offline, as operators do; only introspection
reports whether the session behind a token has ended.

| kept                             | where, and how long                                  |
|----------------------------------|------------------------------------------------------|
| clients, profiles, signing keys  | in the store and the data folder                     |
| sessions, codes, refresh tokens  | in memory, with an end of their own, as SHA-256      |
| CIBA requests                    | in memory, until approved, refused or run out        |

There is no await between reading a code or a refresh token and using it up: of two clients that
present the same one, one wins, and the family of the other ends.

Specifications: RFC 6749, 7636, 7009, 7662, OpenID Connect Core 1.0, RP-Initiated Logout, CIBA in
poll mode; the national documents of Pro Santé Connect for claims, lifetimes and addresses.

Liberties taken: anyone may log in as any person, because there are no cards; sessions do not
outlive the process (docs/decisions/0009-pro-sante-connect.md).
"""
