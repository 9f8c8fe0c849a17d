"""Floor 7: the inbox and the statement of reasons, in Chinese and English."""
