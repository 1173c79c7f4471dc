"""Who sits in front of the console: sign-in by OpenID Connect, sessions, roles.

A page's route is a `ConsoleRoute` and takes `Current`, or `OfficerHere`, `OpsHere`,
`SupervisorHere` where a role is needed; each route that changes something depends on `own_form`.
Whoever has no session is answered by `signing.answer`.
"""
