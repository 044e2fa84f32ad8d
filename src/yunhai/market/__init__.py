"""Market data as readings: bars, history, indicators, replay. No Django; nothing here writes the journal."""
