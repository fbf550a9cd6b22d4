"""Measurements of the product on a PostgreSQL of their own: `./run bench`. RESULTS.md has the figures."""
