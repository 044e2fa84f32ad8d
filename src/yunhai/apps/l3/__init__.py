"""Replay of another exchange's published order flow 逐筆委託重播, and what it proves about the book.

`feed` reads the files, `flow` turns what was published into commands, `ladder` reads depth back from events,
`replay` drives the engine, `compare` sets its answer against what the exchange published. `auction_file` is the
one-auction variant behind `yunhai auction`.
"""
