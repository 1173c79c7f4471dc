"""What the front door says of a record: readable, signed, entitled, and who gets it. Pure.

`services.admission` judges by it, and the gateway says by it what the door would say now. Touches
cases, law, trust and events.
"""
