"""The parts of the page of one change: its answers, its sections, what leads to what."""
