"""The content of each page, from the API's own functions. The templates say how it looks."""
