"""Models as things that are kept: each run saves one, and rows that come later are held to it."""
