"""Apache Kafka on this machine: fetched from Maven Central, run as our own child. No Django in here."""
