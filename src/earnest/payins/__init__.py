"""Floor 9: cash that comes in: receipts of the feed, online payment orders, bank transfers."""
