"""One file or package per kind of source."""
