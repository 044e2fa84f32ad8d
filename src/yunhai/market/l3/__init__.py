"""Another exchange's published order flow 逐筆委託 through our book, and what it proves about the book.

`feed` reads the files, `flow` turns what was published into commands, `ladder` reads depth back from events,
`replay` drives the engine, `compare` sets its answer against what the exchange published. `window` is for books seen
through a window of levels, `auction_file` the one-auction variant behind `yunhai auction`.
"""
