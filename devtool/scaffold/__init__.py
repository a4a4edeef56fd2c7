"""ProjectSpec -> files -> manifest. Writes only in `apply`; uses no network and asks no question."""
