"""The front door's judgement of a record: readable, signed, entitled, and its recipients. Pure.

Owns the reasons of a rejection, and the marks of state secrets. `services.admission` judges by it.
The gateway says by it what the door would say now. Touches cases, law, trust and events.
"""
