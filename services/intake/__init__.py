"""The intake: takes inbox records for hosted agencies, checks them, sends `intake.received`.

Owns delivery to hosted agencies; differences between sectors are data in policies/intake. May touch
storage, Kafka by services.transport, and the hosted agencies' signing keys.
"""
