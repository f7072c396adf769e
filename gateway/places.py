"""Where in a text something stands: a place costs the same however long the text is."""

from __future__ import annotations

import re
from bisect import bisect_left

from graphql import Source, SourceLocation

LINE_END = re.compile(r"\r\n|[\n\r]")


class Text(Source):
    """A document's text that finds its lines once. An answer may have a thousand errors, each with its place."""

    _starts: tuple[int, ...] = ()
    _ends: tuple[int, ...] = ()

    def get_location(self, position: int) -> SourceLocation:
        if not self._starts:
            ends = list(LINE_END.finditer(self.body))
            self._ends = tuple(end.start() for end in ends)
            self._starts = (0, *(end.end() for end in ends))
        line = bisect_left(self._ends, position)
        return SourceLocation(line + 1, position + 1 - self._starts[line])
