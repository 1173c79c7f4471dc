"""Import of old case files: spreadsheets and JSON Lines become signed history.

Owns mapping, reading of cells, minting of ids, the report. Touches files and the local store, and
admission, cases, trust and events, with openpyxl, pydantic and YAML.
"""
