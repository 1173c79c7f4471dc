"""The two ends of the ferry at work: folders, a spool, the scanner, the brokers and the store."""
