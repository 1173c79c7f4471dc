"""The intake: takes what the inboxes hold for hosted agencies, checks it, says `intake.received`.

Owns delivery to hosted agencies; what differs by sector stands in policies/intake as data.
May touch storage, Kafka by services.transport, and the hosted agencies' signing keys.
"""
