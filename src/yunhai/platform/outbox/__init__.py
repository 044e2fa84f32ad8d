"""Decisions on their way to the journal: a row in the same transaction, relayed in order, taken once."""
