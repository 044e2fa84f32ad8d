"""Template words of this folder."""
