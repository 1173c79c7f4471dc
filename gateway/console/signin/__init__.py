"""The person in front of the console: sign-in by OpenID Connect, sessions, roles.

A page's route is a `ConsoleRoute` and takes `Current`. If a role is needed, it takes `OfficerHere`,
`OpsHere` or `SupervisorHere`. Each route that changes something depends on `own_form`.
`signing.answer` answers a caller without a session.

Owns the sign-in, the cookie and the roles of a session. Touches the issuer (httpx, authlib,
joserfc), the tables of sessions and operators through storage, and access, identity, runtime and
casebus, with FastAPI and pydantic.
"""
