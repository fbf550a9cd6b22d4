"""A build in which one field is deliberately not sealed, to see that the hunt would notice."""

VALUE = "Pascualito"
