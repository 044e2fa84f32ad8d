"""Our indicators beside other people's results for the same bars (`python -m tools.indicator_reference` writes what is found)."""
