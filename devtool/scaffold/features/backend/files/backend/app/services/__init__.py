"""What the application does; knows nothing of HTTP."""
