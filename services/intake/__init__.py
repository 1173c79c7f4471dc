"""The intake: takes inbox records for hosted agencies, checks them, sends `intake.received`.

Owns delivery to hosted agencies; differences between sectors are data in policies/intake (YAML,
pydantic). Touches storage, Kafka by services.transport, the hosted agencies' signing keys and
casebus.
"""
