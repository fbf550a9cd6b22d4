"""The vault: keys, and columns whose values only their own row can open."""
