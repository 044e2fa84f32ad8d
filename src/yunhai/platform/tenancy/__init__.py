"""Tenants: who lives in the cloud, and the scope no query can forget."""
