"""Events on the wire: envelope, the bus's stamps, legal time, Avro codec, partition, topics.

Owns the form of what travels; touches nothing but the standard library and fastavro.
"""
