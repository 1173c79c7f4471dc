"""查询: what was typed and chosen as conditions of the API's search, and its cases as columns."""
