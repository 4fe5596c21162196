"""Says as one JSON line what this build of llama.cpp is; a crash costs nobody anything.

``python -m orps_lsp.llm.llama_cpp.probe`` prints::

    {"version": "0.3.36", "features": {"CPU": ["AVX2", ...]}, "gpu_offload": false,
     "devices": [{"name", "description", "type", "free_bytes", "total_bytes"}]}

``version`` is llama-cpp-python's; ``devices`` is null where the library does not tell.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

# enum ggml_backend_dev_type (ggml-backend.h)
_TYPES = ("cpu", "gpu", "integrated_gpu", "accelerator")
_LIBRARIES = {"darwin": "libggml.dylib", "win32": "ggml.dll"}


def main() -> None:
    """Print the line."""
    # llama.cpp and the drivers that it loads print to standard output.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print(json.dumps(describe()), file=output, flush=True)


def describe() -> dict[str, Any]:
    """Load the library and ask it.

    Raises:
        ImportError, OSError, RuntimeError: it is missing or cannot be loaded.
    """
    import llama_cpp as lib

    return {
        "version": lib.__version__,
        "features": parse_features(lib.llama_print_system_info().decode(errors="replace")),
        "gpu_offload": bool(lib.llama_supports_gpu_offload()),
        "devices": _devices(Path(lib.__file__).parent / "lib"),
    }


def parse_features(text: str) -> dict[str, list[str]]:
    """Read llama.cpp's line, "CUDA : ARCHS = 900 | CPU : SSE3 = 1 | AVX = 1 | "."""
    features: dict[str, list[str]] = {}
    backend = ""
    for part in text.split("|"):
        name, _, rest = part.rpartition(" : ")
        if name.strip():
            backend = name.strip()
        feature, _, value = rest.partition("=")
        if feature.strip() and value.strip() != "0":
            features.setdefault(backend, []).append(feature.strip())
    return features


def _devices(folder: Path) -> list[dict[str, Any]] | None:
    """Ask ggml, whose functions llama-cpp-python does not wrap."""
    try:
        ggml: Any = ctypes.CDLL(str(folder / _LIBRARIES.get(sys.platform, "libggml.so")))
        ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
        ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
        ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
        for function in (ggml.ggml_backend_dev_name, ggml.ggml_backend_dev_description):
            function.restype = ctypes.c_char_p
            function.argtypes = [ctypes.c_void_p]
        ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
        size = ctypes.POINTER(ctypes.c_size_t)
        ggml.ggml_backend_dev_memory.argtypes = [ctypes.c_void_p, size, size]
        ggml.ggml_backend_dev_memory.restype = None
    except (OSError, AttributeError):
        return None
    return [
        _device(ggml, ggml.ggml_backend_dev_get(index))
        for index in range(ggml.ggml_backend_dev_count())
    ]


def _device(ggml: Any, device: int) -> dict[str, Any]:
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    ggml.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
    kind = ggml.ggml_backend_dev_type(device)
    return {
        "name": ggml.ggml_backend_dev_name(device).decode(errors="replace"),
        "description": ggml.ggml_backend_dev_description(device).decode(errors="replace"),
        "type": _TYPES[kind] if kind < len(_TYPES) else "other",
        "free_bytes": free.value,
        "total_bytes": total.value,
    }


if __name__ == "__main__":
    main()
