"""In-memory stand-ins for the systems of record, held to the same contract as the adapters."""
