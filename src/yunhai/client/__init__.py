"""A thin client of the cloud for Python: sign, send, follow (docs/concepts/cloud.md)."""
