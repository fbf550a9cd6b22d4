"""Deadlines: kept ones here, the law they come from in `rules`."""
