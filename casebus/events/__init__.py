"""Events on the wire: envelope, legal time, Avro codec, partition, topics.

Owns the form of what travels; touches nothing but the standard library and fastavro.
"""
