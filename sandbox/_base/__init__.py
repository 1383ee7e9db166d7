"""What the four vendors share: storage, ledger, faults, webhooks, server. No vendor's rules."""
