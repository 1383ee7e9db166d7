"""Our own record in PostgreSQL: tables, transactions, migrations. No rule lives here."""
