"""The ledger 帳務 1.5: cash and shares, a reading of the core's books."""
