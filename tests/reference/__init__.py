"""The readable reference of the exchange's book: docs/concepts/matching.md, paragraph by paragraph, in plain Python."""
