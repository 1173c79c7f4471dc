"""A synthetic year of one province: walks through the law's own statecharts, from a seed.

Owns the look of cases, their frequency and their faults; each rule of the law comes from
casebus.law. `loading` sends it through the front door, with the keys of onebox and the admin of
operations. Touches casebus besides, with kafka-python, orjson, pydantic, stdnum and YAML.
"""
