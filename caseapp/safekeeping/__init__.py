"""Whether what protects the clinic still works: backups, restores, drills, and when each was last seen."""
