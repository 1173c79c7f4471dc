"""Events on the wire: envelope, the bus's stamps, legal time, Avro codec, partition, topics.

Owns the form of what travels, and the check of identifiers. Pure. Touches no other room, with
fastavro, stdnum and, for `schemas/topics.yaml`, YAML. Reads a file only in `Schemas.load` and
`Topics.load`.
"""
