"""How a process reaches the brokers, and follows the directory.

Owns the settings of each kafka-python client, and the words for its errors. Touches Kafka by
kafka-python, trust and events; keeps no database. Knows nothing of who asks: the SDK, a service,
the gateway or a command.
"""
