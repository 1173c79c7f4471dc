"""The intake: takes inbox records for hosted agencies, checks them, sends `intake.received`.

Owns delivery to hosted agencies; what differs by sector stands in policies/intake as data (YAML,
pydantic). Touches storage, Kafka by services.transport, the hosted agencies' signing keys and
casebus.
"""
