"""Events over Apache Kafka: transport, topics, consumers, and a broker for development and tests.

Nothing imports confluent_kafka before EVENT_TRANSPORT or a command asks for it: the demo runs without it.
"""
