"""The console: pages for an officer, the ops engineer and the supervisor, over our services.

Owns pages, forms, words, sign-in and sessions. A page calls the functions behind the API, and has
no second way to the data: no SQL and no Kafka of its own. Touches every room below it, casebus and
storage, with FastAPI, Starlette, jinja2, markupsafe, pydantic and segno. `changes` listens to
PostgreSQL by asyncpg, and reads no row.
"""
