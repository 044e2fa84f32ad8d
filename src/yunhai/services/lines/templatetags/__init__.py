"""Template words of the Control Room."""
