"""A synthetic year of one province: walks through the law's own statecharts, from a seed.

Owns what cases look like, how often they come and what goes wrong; knows no rule of the law.
"""
