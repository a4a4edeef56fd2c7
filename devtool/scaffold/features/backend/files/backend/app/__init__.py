"""__TITLE__: the backend."""

NAME = "__PROJECT__"
TITLE = "__TITLE__"
VERSION = "__VERSION__"
