"""The lake 資料湖: history as Parquet files under a manifest; DuckDB writes and reads them (decision 0020).

`tables` says what is kept, `manifest` what is there, `writing` adds, `reading` asks, `adjusting` takes ex-right steps out of
prices, `checking` proves and compacts.
"""
