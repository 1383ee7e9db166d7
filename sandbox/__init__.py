"""Four vendors as real HTTP servers, for development and tests. Nothing here imports our system."""
