"""A synthetic year of one province: walks through the law's own statecharts, from a seed.

Owns the look of cases, their frequency and their faults; knows no rule of the law.
"""
