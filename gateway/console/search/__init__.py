"""查询: typed and chosen values as conditions of the API's search, and its cases as columns.

Owns the words of a search and its columns. Touches api, access, runtime, web and problems, the
events and trust of casebus, and the types of storage, with FastAPI and pydantic.
"""
