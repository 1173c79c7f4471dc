"""The ferry's two ends as they run: folders, a spool, the scanner, the brokers and the store."""
