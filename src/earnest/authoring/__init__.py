"""Floor 2: tools for people who write and read packs. Pure: text and packs in, text out."""
