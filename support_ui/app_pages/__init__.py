"""One script per page, run by the router. Layout only: what is shown comes from view models."""
