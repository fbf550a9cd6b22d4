"""Papers of a matter: sealed files with their versions, what each is, and until when it is valid."""
