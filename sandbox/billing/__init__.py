"""The billing vendor: price list, accounts and their standing, invoices, lines, payments."""
