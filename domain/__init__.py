"""Pure rules of a service change. No input or output, no framework, nothing else of ours."""
