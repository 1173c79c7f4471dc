"""The console: pages for an officer, the ops engineer and the supervisor, over the API's own services."""
