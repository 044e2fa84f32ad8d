"""Orders 委託 1.1-1.3: what was asked, what became of it; the Pocket."""
