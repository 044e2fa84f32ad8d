"""Yunhai 雲海: one securities cloud for brokers, investors, issuers, vendors and an exchange."""

__version__ = "0.1.0"
