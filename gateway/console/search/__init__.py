"""查询: typed and chosen values as conditions of the API's search, and its cases as columns."""
