"""The cloud put together: places, settings, addresses, the embedded database, the supervisor, the origin."""
