"""People, what they may do where, their keys, and API clients."""
