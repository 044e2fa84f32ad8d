"""The native modules: `_book` (order book) and `_journal` (journal writer and reader)."""
