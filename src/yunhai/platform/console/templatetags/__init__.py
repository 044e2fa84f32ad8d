"""Template words of the Console."""
