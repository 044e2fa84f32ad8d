"""Market replay 行情重播: what a tenant may replay, bookmarks, permalinks, and what happened to one's own order."""
