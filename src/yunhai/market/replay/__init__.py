"""Market replay 行情重播: any moment of a day in the journal, of published order flow, of a file of trades.

`events` says what a market's event is, `source` holds a day's in order, with their times and hashes (`journal_days`,
`published`, `trade_file` make one), `book` reads them into queues, `kept` remembers states so that any moment is near one,
`replay` is the transport over all of it. `span`, `own`, `export` and `link` are what is asked of a position.
docs/concepts/replay.md is the page.
"""
