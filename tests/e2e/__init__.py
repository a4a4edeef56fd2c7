"""Real projects, installed for real, started by the installed command and asked over HTTP."""
