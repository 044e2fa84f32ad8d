"""Composition only: the command line and, later, the processes. The one place that wires things together and reads files."""
