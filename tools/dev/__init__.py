"""`./dev`: sets the project up by itself, then runs one of its commands.

Standard library only: it runs before anything is installed.
"""
