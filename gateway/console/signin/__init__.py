"""The person in front of the console: sign-in by OpenID Connect, sessions, roles.

A page's route is a `ConsoleRoute` and takes `Current`, or `OfficerHere`, `OpsHere`,
`SupervisorHere` where a role is needed; each route that changes something depends on `own_form`.
`signing.answer` answers a caller without a session.
"""
