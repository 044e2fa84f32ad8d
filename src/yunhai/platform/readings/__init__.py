"""Readings 讀面: the tables that the reader fills from the journal, what they share and how rows come into them."""
