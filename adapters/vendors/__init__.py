"""One client per system of record, on one shared transport, and their stand-ins."""
