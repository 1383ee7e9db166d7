"""The bundled batch of service changes: its data, the rule that drew it, and how it is played."""
