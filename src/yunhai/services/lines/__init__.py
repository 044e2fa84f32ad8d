"""Lines 線路: the pool of exchange lines; the Control Room."""
