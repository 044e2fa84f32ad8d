"""Alerts 到價警示: conditions on a security that are held against every trade or close and announce themselves."""
