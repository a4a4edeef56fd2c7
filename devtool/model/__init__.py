"""The nouns: frozen, JSON-able, one module per stage so that a command loads only what it needs.

`detection` is what was found, `launch` what would be started, `state` what is running.
"""
