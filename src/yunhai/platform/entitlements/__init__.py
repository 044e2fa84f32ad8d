"""The service matrix: which column of tenants has which service, as the live table."""
