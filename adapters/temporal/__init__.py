"""The engine behind our own words: connecting, starting, deciding."""
