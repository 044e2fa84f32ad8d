"""Files into the lake 匯入: the exchange's layouts, third parties' tables, plain CSV with a mapping of columns.

`sources` opens a file within bounds, `texts` turns columns of text into integers, `layouts` and `fixed` say what stands where,
`checks` what a row must keep to, `report` keeps every row that did not, `importing` does it all.
"""
