"""Documents: what is one, and where its bytes are kept."""
