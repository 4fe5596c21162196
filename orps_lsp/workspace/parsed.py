"""What jedi has parsed, kept in our store.

By itself parso keeps it in files that it writes in place, and an error in reading one is jedi's
failure: half a file, left by a process that was ended, would break every later search. The
functions of its that do that are exchanged here.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import pickle
import struct
from typing import Any

import parso
from parso import cache

from orps_lsp.store import Store

logger = logging.getLogger(__name__)

# Another parser, or another Python, makes other trees.
KIND = f"parsed {parso.__version__} {cache._VERSION_TAG}"
_TIME = struct.Struct(">d")  # when the file was modified, before its tree


def keep_in(store: Store) -> None:
    """Let parso, in this process, keep the trees of files in ``store``."""

    def load(grammar: str, path: object, modified: float, cache_path: object = None) -> Any:
        data = store.get(KIND, _key(grammar, path))
        if data is None or data[: _TIME.size] != _TIME.pack(modified):
            return None
        gc.disable()  # it would look through the growing tree again and again
        try:
            item = pickle.loads(data[_TIME.size :])
        except Exception as error:  # a cache's fault is a miss
            logger.debug("The tree of %s cannot be read: %r", path, error)
            return None
        finally:
            gc.enable()
        if not isinstance(item, cache._NodeCacheItem):
            return None
        cache._set_cache_item(grammar, path, item)
        return item.node

    def save(grammar: str, path: object, item: Any, cache_path: object = None) -> None:
        try:
            data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        except RecursionError:  # deeply nested
            return
        store.put(KIND, _key(grammar, path), _TIME.pack(item.change_time) + data)

    cache._load_from_file_system = load
    cache._save_to_file_system = save
    cache._remove_cache_and_update_lock = lambda cache_path=None: None  # nothing to tidy up


def _key(grammar: str, path: object) -> str:
    return hashlib.sha256(f"{grammar}\0{path}".encode(errors="surrogateescape")).hexdigest()
