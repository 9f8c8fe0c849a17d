"""Floor 5: the inbox and the statement of reasons, in Chinese and English."""
