"""Tests of the backend."""

import os

# Before any module of the application is imported: what is in .env is nothing to the tests.
os.environ["ENV_FILE"] = os.devnull
