"""A clock that a test can set, put in place of the product's own. The product has no such setting."""
