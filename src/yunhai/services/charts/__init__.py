"""Charts 線圖: bars with indicators from the lake, and the lines a person draws."""
