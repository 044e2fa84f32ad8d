"""The stream 行情與回報: quotes, fills and the pool to browsers and clients, read from the journal in a process of its own."""
