"""The parts of the page Dead letters."""
