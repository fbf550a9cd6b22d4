"""Break the sealing modules in every small way there is, one at a time, and see that a test notices."""
