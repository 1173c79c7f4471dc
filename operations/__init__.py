"""What a running bus needs, on a laptop and in a cluster alike: proof, rebuilding, adoption of law.

Owns `verify`, the rebuild of what is derived and the adoption of a law. Works by addresses and
credentials that it is given; knows no home directory, no process and no word of one machine.
"""
