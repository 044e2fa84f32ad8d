"""Paper trading and contests 模擬交易與競賽: own orders in the real queues of a replayed or running day.

`words` say what may be asked for and what came of it, `terms` on what terms, `account` holds cash and shares, `field` a book with
paper orders waiting in it, `dealing` carries instructions out, `market` runs many accounts over a source in one pass.
`score` ranks results, `students` trade by seeded strategies. docs/concepts/paper.md is the page.
"""
