"""Floor 15: appeals against sanctions, heard by others, and what an overturned one undoes."""
