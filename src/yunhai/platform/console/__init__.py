"""The platform operator's room 總控台."""
