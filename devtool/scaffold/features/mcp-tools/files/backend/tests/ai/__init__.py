"""Tests of what assistants can do."""
