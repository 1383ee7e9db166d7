"""The one-machine launcher. Rooms of the product may not import it; it may read settings."""
