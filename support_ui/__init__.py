"""The support console: pages over the HTTP API. No rule, no query and no vendor call lives here."""
