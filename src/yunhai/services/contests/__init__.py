"""Contests 模擬交易與競賽: paper accounts in real queues, and contests of a class over one day."""
