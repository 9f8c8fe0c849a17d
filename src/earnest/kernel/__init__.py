"""Floor 0: money, calendar, ids, hashing and errors. Pure; imports nothing of ours."""
