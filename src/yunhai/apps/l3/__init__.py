"""What `yunhai replay l3` and `lobster` print; the work is done in `yunhai.market.l3`."""
