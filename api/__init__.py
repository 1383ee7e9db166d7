"""The HTTP contract. Decides who may do what, records acceptance, asks the engine; never a vendor."""
