"""The day 一日: a broker-branch report made into orders, run through venue and journal, and compared.

Read in this order: `unpacked` and `report` (the file becomes arrays), `admission` (what is refused before anything
begins), `securities` (codes, ticks and limits), `levels` and `lots` (what is traded on which book), `path` (when which
price is traded), `plan` (the orders), `run`, `compare`, `output`, `day_files` (quotes, T30, C06, C07).
"""
