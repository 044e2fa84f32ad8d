"""The screener 選股: all stocks held against conditions, with the reason for each, and screens that people keep."""
