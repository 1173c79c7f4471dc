"""Figures beside peers, in one run on one machine; `python -m bench` writes bench/results.

Owns the measurements and that page. Every program handles the same records with the same headers.
The result of a program is read from the broker's own append times, never from the program.
"""
