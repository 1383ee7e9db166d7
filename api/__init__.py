"""The HTTP contract: who may do what, acceptance, decisions. It never calls a vendor."""
