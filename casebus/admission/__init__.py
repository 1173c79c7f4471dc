"""The front door's judgement of a record: readable, signed, entitled, and its recipients. Pure.

`services.admission` judges by it, and the gateway says by it what the door would say now. Touches
cases, law, trust and events.
"""
