"""Settlement 交割: what is due on which day."""
