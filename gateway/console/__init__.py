"""The console: pages for an officer, the ops engineer and the supervisor, over our services.

Owns pages, forms, words, sign-in and sessions. A page calls the functions behind the API, and has
no second way to the data.
"""
