"""The history as a catalogue to look things up in 資料: what there is, where it came from, what was refused."""
