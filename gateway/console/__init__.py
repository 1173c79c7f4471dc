"""The console: pages for an officer, the ops engineer and the supervisor, over our services."""
