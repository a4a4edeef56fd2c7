"""A to-do list over HTTP, kept in one SQLite file."""
