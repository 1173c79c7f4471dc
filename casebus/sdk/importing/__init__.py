"""Import of old case files: spreadsheets and JSON Lines become signed history.

Owns mapping, reading of cells, minting of ids, the report; touches files and the local store.
"""
