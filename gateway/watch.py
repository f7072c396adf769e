"""Files watched for changes by looking at them again and again, which works on network folders and mounts too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

log = logging.getLogger("gateway")

EVERY = 0.25  # s between two looks; a change is seen at the first and read at the next one that finds it complete
PATIENCE = 20  # looks: files that never come to rest are read all the same

Look = dict[str, tuple[int, ...]]
"""What stood where: path -> what changes whenever a file does."""


def look(folder: Path, files: Iterable[Path]) -> Look:
    """The `*.toml` of a folder and some other files, as they are now; what is not there is left out."""
    found: Look = {}
    for path in (*folder.glob("*.toml"), *files):
        try:
            stat = path.stat()
        except OSError:
            continue
        # The time of change as well: some tools keep a file's date when they replace it.
        found[str(path)] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
    return found


class Watch:
    """Calls `changed` when files differ from what was last read of them, and have come to rest.

    An editor writes a file in several steps, and an operator copies several files: what is seen halfway is not read.
    """

    def __init__(
        self, seen: Callable[[], Look], read: Callable[[], Look], changed: Callable[[], Awaitable[object]]
    ) -> None:
        """seen: the files as they are now; it may wait for a disk. read: as they were when they were last read."""
        self._seen = seen
        self._read = read
        self._changed = changed

    async def run(self) -> None:
        """Watch until cancelled."""
        last = self._read()
        restless = 0
        while True:
            await asyncio.sleep(EVERY)
            try:
                # On a thread: a network folder may keep it waiting.
                now = await asyncio.to_thread(self._seen)
                if now == self._read():
                    last, restless = now, 0
                elif now == last or restless >= PATIENCE:
                    restless = 0
                    await self._changed()
                    last = self._read()
                else:
                    last, restless = now, restless + 1
            except Exception:
                log.exception("the partner files cannot be watched; trying again")
