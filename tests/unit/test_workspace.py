"""What a project's other files say about a function: real projects on disk, and jedi itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orps_lsp.aside import Aside
from orps_lsp.workspace import surroundings
from orps_lsp.workspace.files import Deadline, sources
from orps_lsp.workspace.surroundings import Question, Surroundings, calls_of, look, uses_of


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache of parsed files for all tests, and not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORPS_LSP_STORE", str(tmp_path_factory.mktemp("store")))
        yield


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
        path.write_bytes(data)
    return root


def question(root: Path, file: str, qualname: str, path: tuple[str, ...] = ()) -> Question:
    given = (str(root), str(root / "src"), *path)
    source = (root / file).read_text()
    return Question(root, root / file, source, qualname, given, sys.version_info[:2])


def around(root: Path, file: str, qualname: str, path: tuple[str, ...] = ()) -> Surroundings:
    return answer(question(root, file, qualname, path))


def answer(asked: Question) -> Surroundings:
    """What ``look`` finds out, in this process."""
    uses = uses_of(asked)
    return Surroundings(uses.definitions, uses.signatures, calls_of(asked), uses.unread)


TAX = '''
    RATES = {"de": 0.19}

    def rate(country):
        """The rate of a country."""
        return RATES[country]

    class Rounding:
        digits: int = 2

        def __init__(self, digits):
            self.digits = digits

        def apply(self, value):
            return round(value, self.digits)
    '''


FALLBACK = """\
try:
    from nowhere import rate
except ImportError:
    from shop.tax import rate"""


@pytest.mark.parametrize(
    ("folder", "imports", "name", "where"),
    [
        ("shop", "from shop.tax import rate", "rate", "shop/tax.py"),
        ("shop", "from .tax import rate", "rate", "shop/tax.py"),
        ("shop", "from shop.tax import rate as tax_of", "tax_of", "shop/tax.py (tax_of here)"),
        ("shop", "from shop.tax import *", "rate", "shop/tax.py"),
        ("shop", "from . import tax", "tax.rate", "shop/tax.py"),
        ("shop", "import shop.tax", "shop.tax.rate", "shop/tax.py"),
        ("src/shop", "from shop.tax import rate", "rate", "src/shop/tax.py"),
        ("lib/space/shop", "from .tax import rate", "rate", "lib/space/shop/tax.py"),
        ("shop", "from shop.api import rate", "rate", "shop/tax.py"),  # which imports it itself
        ("shop", FALLBACK, "rate", "shop/tax.py"),
    ],
)
@pytest.mark.parametrize("package", [True, False])
def test_a_definition_is_found_however_it_is_imported(
    tmp_path: Path, folder: str, imports: str, name: str, where: str, package: bool
) -> None:
    price = f"{imports}\n\ndef price(net, country):\n    return net * (1 + {name}(country))\n"
    files = {"tax.py": TAX, "price.py": price, "api.py": "from .tax import rate\n"}
    if package:
        files["__init__.py"] = ""
    root = write(tmp_path, {f"{folder}/{file}": text for file, text in files.items()})
    found = around(root, f"{folder}/price.py", "price")
    assert [(piece.where, piece.name) for piece in found.elsewhere] == [(where, "rate")]
    assert found.elsewhere[0].text.startswith("def rate(country):\n")


def test_an_import_within_the_function_counts(tmp_path: Path) -> None:
    source = "def price(net):\n    from tax import rate\n    return net * rate('de')\n"
    root = write(tmp_path, {"tax.py": TAX, "price.py": source})
    assert [piece.name for piece in around(root, "price.py", "price").elsewhere] == ["rate"]


def test_a_module_of_the_projects_may_have_a_well_known_name(tmp_path: Path) -> None:
    source = "from colorsys import rate\nfrom calendar import rate as other\n"
    source += "def price(net):\n    return net * rate('de') + other('fr')\n"
    root = write(tmp_path, {"calendar.py": TAX, "colorsys.py": TAX, "price.py": source})
    found = {piece.where for piece in around(root, "price.py", "price").elsewhere}
    assert "calendar.py (other here)" in found


def test_what_is_reached_through_objects_is_found(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "shop/tax.py": TAX,
            "shop/base.py": """
                from shop.tax import Rounding

                class Base:
                    def __init__(self):
                        self.rounding = Rounding(2)

                    def log(self, text):
                        print(text)
                """,
            "shop/cart.py": """
                from shop.base import Base

                class Cart(Base):
                    def total(self, items: "list[float]"):
                        self.log("total")
                        return self.rounding.apply(sum(items))
                """,
        },
    )
    found = around(root, "shop/cart.py", "Cart.total")
    assert {piece.where for piece in found.elsewhere} == {
        "shop/tax.py: Rounding.apply",
        "shop/base.py: Base.log",
    }
    assert found.elsewhere[0].text.startswith("def ")


def test_a_class_is_shown_once_and_long_ones_in_outline(tmp_path: Path) -> None:
    methods = "".join(f"    def m{n}(self):\n        return {n}\n\n" for n in range(20))
    root = write(
        tmp_path,
        {
            "a.py": TAX,
            "big.py": f'class Big:\n    """Many."""\n    size: int = 0\n\n{methods}',
            "f.py": """
                from a import RATES, Rounding
                from big import Big

                def f(x: Rounding, big: Big):
                    return x.apply(1) + x.digits + len(RATES) + big.m3() + big.size
                """,
        },
    )
    found = around(root, "f.py", "f").elsewhere
    by_name = {piece.name: piece.text for piece in found}
    assert set(by_name) == {"RATES", "Rounding", "Big", "Big.m3"}
    assert "def apply(self, value):\n        return round" in by_name["Rounding"]
    assert "def m7(self): ..." in by_name["Big"] and "return 7" not in by_name["Big"]


async def test_what_cannot_be_read_is_left_out_and_the_user_told(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "broken.py": "def helper(x:\n    return x\n\ndef other():\n    return 1\n",
            "latin.py": b"# coding: latin-1\n\ndef latin():\n    return '\xfc'\n",
            "binary.py": b"def wrong():\n    return '\xff\xfe'\n",
            "f.py": """
                import missing
                from missing.part import thing
                from broken import other
                from latin import latin
                from binary import wrong
                def f():
                    return other() + latin() + wrong() + missing.x() + thing()
                """,
        },
    )
    found = around(root, "f.py", "f")
    assert [(piece.name, "ü" in piece.text) for piece in found.elsewhere] == [("latin", True)]
    assert sorted(found.notes) == ["binary.py", "broken.py"]
    notes = (await look(question(root, "f.py", "f"))).notes
    assert "broken.py cannot be parsed, so the model does not see it." in notes


def test_cycles_end(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "a.py": "from b import *\nloop = over\n\ndef f(x):\n    return g(x)\n",
            "b.py": "from a import f, loop as over\n\ndef g(x):\n    return f(x) + over\n",
            "c.py": "from c import h\n\ndef k():\n    return h()\n",
        },
    )
    assert [piece.name for piece in around(root, "a.py", "f").elsewhere] == ["g"]
    assert [call.where for call in around(root, "a.py", "f").calls] == ["b.py:4"]
    assert around(root, "c.py", "k").elsewhere == ()


@pytest.fixture
def installed(tmp_path: Path) -> str:
    """A folder of installed packages; who imports any of it leaves a file behind."""
    mark = f"open({str(tmp_path / 'imported')!r}, 'w')\n"
    root = write(
        tmp_path / "env" / "lib" / "site-packages",
        {
            "slugs/__init__.py": mark + textwrap.dedent('''
                def slugify(text: str, *, lower: bool = True) -> str:
                    """Make a slug of a text.

                    More.
                    """
                class Dull:
                    def __init__(self, *args, **kwargs): ...
                '''),
            "native/__init__.py": mark,
            "native/_speed.cpython-311-x86_64-linux-gnu.so": b"\x7fELF no library",
            "native/_speed.abi3.so": b"\x7fELF no library",
            "gi/__init__.py": mark + "def old(): ...\n",
        },
    )  # fmt: skip
    return str(root)


def test_signatures_are_of_what_models_do_not_know(tmp_path: Path, installed: str) -> None:
    root = write(
        tmp_path / "project",
        {
            "f.py": """
                import graphlib
                import json
                import re
                from slugs import Dull, slugify
                def f(text):
                    return json.dumps(slugify(text)), re.sub("a", "b", text), Dull(text)
                """
        },
    )
    found = around(root, "f.py", "f", (installed,))
    assert [piece.text for piece in found.signatures] == [
        "`slugify(text: str, *, lower: bool=True) -> str`: Make a slug of a text."
    ]
    assert found.elsewhere == ()


def test_nothing_of_the_project_is_imported(tmp_path: Path, installed: str) -> None:
    mark = f"open({str(tmp_path / 'imported')!r}, 'w')\n"
    root = write(
        tmp_path / "project",
        {
            "sitecustomize.py": mark,
            "setup.py": mark,
            "math.py": mark,
            "pkg/__init__.py": mark,
            "pkg/fast.abi3.so": b"\x7fELF no library",
            "pkg/fast.cpython-311-x86_64-linux-gnu.so": b"\x7fELF no library",
            "pkg/plain.py": mark + "def plain(): return 1\n",
            ".jedi/project.json": '[1, {"load_unsafe_extensions": true, "path": "."}]',
            "f.py": mark
            + textwrap.dedent("""
                import gi
                import math
                import native._speed
                import pkg.fast
                from gi import old
                from native._speed import quick
                from pkg.fast import fast
                from pkg.plain import plain
                def f():
                    return (plain(), fast(), pkg.fast.x(), quick(), native._speed.y(), old(),
                            gi.old(), math.sqrt(2))
                """),
        },
    )
    before = set(sys.modules)
    found = around(root, "f.py", "f", (installed,))
    assert [piece.name for piece in found.elsewhere] == ["plain"]
    assert not (tmp_path / "imported").exists()
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    assert not new & {"pkg", "native", "gi", "slugs", "sitecustomize"}


CALLERS = {
    "shop/core.py": """
        def total(items, rate=0.0, *, verbose=False):
            return total(items[1:]) if items else 0

        class Other:
            def total(self, items):
                return 0

        def use(items):
            return [total(items, verbose=True)]
        """,
    "shop/report.py": """
        from shop.core import Other, total as add_up, total
        import shop.core

        def lines(rows):
            if total(rows) > 3 and rows:
                yield "many"
            Other().total(rows)
            for row in rows:
                with open(row) as file:
                    yield shop.core.total(file.read(), 0.5)
        """,
    "shop/tests/test_core.py": "from shop.core import total\ntotal([], 9)\n",
    "tests/helper.py": "from shop.core import total\ntotal([], 8)\n",
    "test_more.py": "from shop.core import total\ntotal([], 7)\n",
    "node_modules/x.py": "from shop.core import total\ntotal([], 6)\n",
    "unrelated.py": "def total(x):\n    return 1\n\ntotal(5)\n",
    "broken.py": "from shop.core import total\ntotal(4\n",
}


def test_calls_are_real_ones_outside_of_tests_and_differ(tmp_path: Path) -> None:
    root = write(tmp_path, CALLERS)
    calls = around(root, "shop/core.py", "total").calls
    assert {call.where: call.text for call in calls} == {
        "shop/report.py:6": "if total(rows) > 3 and rows:",
        "shop/core.py:10": "return [total(items, verbose=True)]",
        "shop/report.py:11": "yield shop.core.total(file.read(), 0.5)",
    }
    assert [len(call.text) for call in calls] == sorted(len(call.text) for call in calls)
    assert [call.text for call in around(root, "shop/core.py", "Other.total").calls] == [
        "Other().total(rows)"
    ]


def test_calls_are_found_when_unsaved_lines_moved_the_function(tmp_path: Path) -> None:
    root = write(tmp_path, CALLERS)
    asked = question(root, "shop/core.py", "total")
    moved = replace(asked, source="import os\n\n\n" + asked.source)
    assert len(answer(moved).calls) == 3


def test_a_constructor_is_called_by_its_class(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {"a.py": TAX, "b.py": "from a import Rounding\n\nfine = Rounding(\n    4\n)\nx = {}\n"},
    )
    (call,) = around(root, "a.py", "Rounding.__init__").calls
    assert (call.where, call.text) == ("b.py:3", "fine = Rounding(\n    4\n)")


def test_files_that_name_the_module_are_looked_at_first(tmp_path: Path) -> None:
    others = {f"shop/other{n}.py": "def rate(x): ...\nrate(1)\nrate(2)\n" for n in range(40)}
    root = write(
        tmp_path,
        {**others, "shop/tax.py": TAX, "z/far.py": "from shop.tax import rate\nrate('de')\n"},
    )
    assert [call.where for call in around(root, "shop/tax.py", "rate").calls] == ["z/far.py:2"]


def test_links_are_no_obstacle(tmp_path: Path) -> None:
    real = write(tmp_path / "real", CALLERS)
    write(tmp_path / "outside", {"linked.py": "from a import x\ndef f():\n    return x()\nf()\n"})
    (real / "a.py").write_text("def x():\n    return 1\n")
    (real / "linked.py").symlink_to(tmp_path / "outside" / "linked.py")
    (tmp_path / "alias").symlink_to(real)
    assert len(around(tmp_path / "alias", "shop/core.py", "total").calls) == 3
    assert [piece.name for piece in around(real, "linked.py", "f").elsewhere] == ["x"]


def test_names_need_not_be_ascii(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "a.py": "def größe(x):\n    return x\n",
            "b.py": "from a import größe\nß = 'ää', größe(1)\ndef f(): return größe\n",
        },
    )
    assert [call.text for call in around(root, "a.py", "größe").calls] == ["ß = 'ää', größe(1)"]
    assert [piece.name for piece in around(root, "b.py", "f").elsewhere] == ["größe"]


def test_long_statements_are_no_examples(tmp_path: Path) -> None:
    long = "rate(\n" + "    'de',\n" * 9 + ")\n"
    root = write(tmp_path, {"a.py": TAX, "b.py": f"from a import rate\n{long}rate('x' * 9)\n"})
    assert [call.text for call in around(root, "a.py", "rate").calls] == ["rate('x' * 9)"]


def test_files_nearby_come_first_and_their_number_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"far/deep/m{n}.py": "" for n in range(30)} | {
        "near/a.py": "",
        "near/b.py": "",
        "top.py": "",
    }
    root = write(tmp_path, {**files, "near/venv/pyvenv.cfg": "", "near/venv/c.py": ""})
    (root / "far" / "loop").symlink_to(root)
    names = [path.name for path in sources(root, root / "near" / "a.py", Deadline(60))]
    assert names[:3] == ["a.py", "b.py", "top.py"] and len(names) == 33
    monkeypatch.setattr("orps_lsp.workspace.files.MAX_FILES", 5)
    assert len(list(sources(root, root / "near" / "a.py", Deadline(60)))) == 5
    assert list(sources(root, root / "near" / "a.py", Deadline(-1))) == []


def _asides() -> list[psutil.Process]:
    """The processes that look, of this one's."""
    return [child for child in psutil.Process().children() if "orps_lsp.aside" in child.cmdline()]


async def test_it_is_found_out_in_a_process_that_is_gone_afterwards(tmp_path: Path) -> None:
    root = write(tmp_path, CALLERS)
    found = await look(question(root, "shop/core.py", "total"))
    assert len(found.calls) == 3 and found.notes == ()
    assert not _asides()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"qualname": "gone"}, "There is no function 'gone'"),
        ({"source": "def total(:\n"}, "line 1"),
        ({"version": "nonsense"}, "not known"),
    ],
)
async def test_a_failure_is_a_note(tmp_path: Path, change: dict[str, object], words: str) -> None:
    root = write(tmp_path, CALLERS)
    found = await look(replace(question(root, "shop/core.py", "total"), **change))  # type: ignore[arg-type]
    assert found == Surroundings(notes=found.notes)
    uses, calls = found.notes
    assert uses.startswith("What the function uses from other files is not known: ")
    assert calls.startswith("Who calls the function is not known: ")
    assert words in uses and words in calls


async def test_what_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "SECONDS", 0.05)
    root = write(tmp_path, CALLERS)
    found = await look(question(root, "shop/core.py", "total"))
    assert "it took longer than 0.05 s" in found.notes[0]
    assert not _asides()


async def test_a_crash_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Aside.run

    def dying(self: Aside, function: object, *args: object) -> object:
        return run(self, os.abort) if function is uses_of else run(self, function, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Aside, "run", dying)
    found = await look(question(write(tmp_path, CALLERS), "shop/core.py", "total"))
    assert "Python died of abort" in found.notes[0]
    assert len(found.notes) == 1 and len(found.calls) == 3, "the other question has its answer"


async def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    root = write(tmp_path, CALLERS)
    task = asyncio.create_task(look(question(root, "shop/core.py", "total")))
    while not (running := _asides()):
        assert not task.done()
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(process.is_running() for process in running)


@pytest.mark.parametrize("version", [(3, 8), (3, 14), (3, 99)])
def test_projects_of_other_pythons_are_read(tmp_path: Path, version: tuple[int, int]) -> None:
    root = write(
        tmp_path, {"a.py": TAX, "b.py": "from a import rate\ndef f():\n    return rate(1)\n"}
    )
    found = answer(replace(question(root, "b.py", "f"), version=version))
    assert [piece.name for piece in found.elsewhere] == ["rate"]


def test_the_users_files_are_only_read(tmp_path: Path) -> None:
    root = write(tmp_path, CALLERS)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    around(root, "shop/core.py", "total")
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_jedi_stays_out_of_the_server() -> None:
    code = "import orps_lsp.refine, sys; assert not {'jedi', 'parso'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
