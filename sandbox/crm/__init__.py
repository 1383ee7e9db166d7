"""The CRM vendor: accounts, what they hold and may order, and the orders that change it."""
