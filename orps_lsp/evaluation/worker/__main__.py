"""Make this folder a package under a private name; then serve, or do one job (``--job``)."""

import importlib.util
import sys
from pathlib import Path

NAME = "_orps_worker"


def _become_package() -> None:
    folder = Path(__file__).resolve().parent
    del sys.path[0]  # this folder: the user's code must not find our modules
    spec = importlib.util.spec_from_file_location(
        NAME, str(folder / "__init__.py"), submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    _become_package()
    if sys.argv[1:2] == ["--job"]:
        importlib.import_module(NAME + ".jobs").main(int(sys.argv[2]), int(sys.argv[3]))
    else:
        importlib.import_module(NAME + ".zygote").main()
