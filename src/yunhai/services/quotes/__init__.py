"""Quotes 行情看板: watchlists kept with the person, sectors, movers, breadth and the index."""
