"""Template words of the contests."""
