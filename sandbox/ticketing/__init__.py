"""The ticketing vendor: tickets, their conversation and their webhooks."""
