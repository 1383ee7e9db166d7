"""What workflows may have done in the outside world: one class per capability, ports injected."""
