"""How a process reaches the brokers, follows the directory, and makes its producer.

Owns the settings of each client and the words for its errors, the follower of the directory, and
the one producer of the services. Touches Kafka by kafka-python and, in a server, by aiokafka;
trust and events. It knows nothing of the caller: the SDK, a service, the gateway or a command.
"""
