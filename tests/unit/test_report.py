"""The page as text and structure; tests/editors/test_report_browser.py opens it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_support import CODE, ORIGINAL, candidate, outcome, results, verified

from orps_lsp.evaluation.protocol import Evaluation, Speedup, TestOutcome, TestResult, Verdict
from orps_lsp.report import to_html, to_json, tree
from orps_lsp.report.code import Highlighter, diff_lines
from orps_lsp.report.text import visible
from orps_lsp.search.types import Intent, Outcome, Status, StopReason
from orps_lsp.source.diff import unified

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = """</style></script><script>alert(1)</script><img src=x onerror=alert(1)>"'&{{ 7 * 7 }}"""


class Page(HTMLParser):
    """The page's elements with their attributes, its text, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-1:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [
            found
            for name, found in self.elements
            if name == tag
            and all(found.get(key.rstrip("_")) == attributes[key] for key in attributes)
        ]


def whole() -> Outcome:
    """A search of three rounds with everything that can become of a candidate."""
    return outcome(
        candidate(1, Status.VERIFIED, critique="It uses fsum.", process=0.5),
        candidate(2),
        candidate(3, Status.DUPLICATE),
        candidate(4, Status.SCREENED_OUT, code="", reason="No code."),
        candidate(5, Status.VERIFIED, parent=1, depth=2),
        candidate(6, parent=5, depth=3),
        candidate(7, Status.DUPLICATE, parent=5, depth=3),
        candidate(8, parent=None, depth=3),
        offered=(5, 1),
    )


OUTCOMES = {
    "whole": whole(),
    "no candidates": outcome(stop_reason=StopReason.ENGINE_FAILED, notes=("The child died.",)),
    "nothing verified": outcome(candidate(1), candidate(2, Status.SCREENED_OUT)),
    "no tests": outcome(
        candidate(1, Status.VERIFIED, evaluation=replace(verified(), tests=())),
        offered=(1,),
        baseline=replace(outcome().baseline, tests=(), generated=80),
    ),
    "nothing measured": outcome(
        candidate(1, Status.VERIFIED, evaluation=replace(verified(None), memory_ratio=None)),
        offered=(1,),
        intent=Intent.FIX,
        baseline=replace(outcome().baseline, call_seconds=None, peak_bytes=None),
    ),
    "no original": outcome(candidate(1), original=""),
    "odd numbers": outcome(
        candidate(
            1,
            Status.VERIFIED,
            evaluation=replace(verified(), speedup=Speedup(5e6, 0.0, float("inf"), 4)),
            score=7.0,
        ),
        candidate(2, parent=99, depth=0, score=-1.0),
        candidate(3, parent=3),
        seconds=0.0,
    ),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_makes_a_page_that_is_well_formed(name: str) -> None:
    made = OUTCOMES[name]
    page = Page(to_html(made))

    ids = Counter(found["id"] for _, found in page.elements if "id" in found)
    assert [one for one, times in ids.items() if times > 1] == []
    links = {found["href"] for found in page.all("a")}
    assert {f"#candidate-{c.id}" for c in made.candidates} <= links
    assert {link.removeprefix("#") for link in links if link} <= set(ids)
    assert len(page.all("details")) == len(made.candidates)
    assert "nan" not in page.text.lower().split() and "None" not in page.text


def test_a_page_is_the_same_each_time_and_asks_for_nothing() -> None:
    text = to_html(whole())

    assert text == to_html(whole())
    page = Page(text)
    names = {name for name, _ in page.elements}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    attributes = {key for _, found in page.elements for key in found}
    assert not {key for key in attributes if key.startswith("on")} | (attributes & {"src", "style"})
    assert "url(" not in text and "@import" not in text
    (policy,) = [found for found in page.all("meta") if "http-equiv" in found]
    assert str(policy["content"]).startswith("default-src 'none'; style-src 'unsafe-inline';")


def test_whatever_a_model_or_a_test_says_stays_text() -> None:
    evaluation = Evaluation(
        Verdict.FAILED_TESTS,
        (TestResult(f"t.py::test[{HOSTILE}]", TestOutcome.FAILED, message=HOSTILE),),
        HOSTILE,
        evidence=verified(first_disagreement=HOSTILE, proof=HOSTILE, unchecked=(HOSTILE,)).evidence,
    )
    good = replace(verified(), evidence=evaluation.evidence)
    made = outcome(
        candidate(
            1,
            code=HOSTILE,
            evaluation=evaluation,
            reason=HOSTILE,
            critique=HOSTILE,
            strategy=HOSTILE,
        ),
        candidate(
            2, Status.VERIFIED, code=f"def total(v):\n    return '''{HOSTILE}'''\n", evaluation=good
        ),
        offered=(2,),
        function=f"{HOSTILE}.py::{HOSTILE}",
        model=HOSTILE,
        notes=(HOSTILE,),
    )
    page = Page(to_html(made))

    names = Counter(name for name, _ in page.elements)
    assert (names["script"], names["img"]) == (0, 0)
    assert not [found for _, found in page.elements if "onerror" in found]
    assert page.text.count(HOSTILE) >= 10  # each is there to be read, as it is
    assert "49" not in page.text.replace(HOSTILE, "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext é 漢 →", "plain\n\ttext é 漢 →"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("\x1b[31mred\x00", "\\x1b[31mred\\x00"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("lone \ud800", "lone \\ud800"),
        ("line\r\n", "line\\r\n"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_hidden_characters_are_shown_wherever_they_stand() -> None:
    hidden = "x\u202ey\ud800"
    made = outcome(
        candidate(
            1, code=f"def total(v):\n    return '{hidden}'\n", critique=hidden, strategy=hidden
        ),
        notes=(hidden,),
    )
    text = to_html(made)

    assert "\u202e" not in text
    assert text.count("x\\u202ey\\ud800") >= 4
    text.encode("utf-8")


def changes(diff: str, *texts: str) -> list[str]:
    lines = diff_lines(diff, Highlighter(*texts))
    return [f"{line.old}|{line.new}|{line.mark}{line.code.striptags()}" for line in lines]


def test_a_difference_has_both_numbers_and_the_highlighting_of_the_whole_texts() -> None:
    old = 'def f():\n    """Doc.\n\n    return here is prose\n    """\n    return 1\n'
    new = old.replace("return 1", "return 2")
    lines = diff_lines(unified(old, new, "f.py"), Highlighter(old, new))

    assert [(line.old, line.new, line.kind) for line in lines] == [
        ("3", "3", "same"),
        ("4", "4", "same"),
        ("5", "5", "same"),
        ("6", "", "del"),
        ("", "6", "add"),
    ]
    assert str(lines[1].code) == '    <span class="str">return here is prose</span>'
    assert str(lines[4].code) == '    <span class="key">return</span> <span class="num">2</span>'


def test_hunks_are_apart_and_headers_are_left_out() -> None:
    old = "".join(f"line_{number}\n" for number in range(30))
    new = old.replace("line_2\n", "line_two\n").replace("line_25\n", "")

    shown = changes(unified(old, new, "f.py"), old, new)
    assert [
        line for line in shown if not line.partition("|")[2].partition("|")[2].startswith(" ")
    ] == [
        "3||-line_2",
        "|3|+line_two",
        "||⋯",
        "26||-line_25",
    ]


@pytest.mark.parametrize(
    "code", ["", "\r", "x = 1\r\ry = 2", "'''", "def f(:\n", "\x0c\x1c x", "\ufeffx"]
)
def test_odd_code_has_a_difference_too(code: str) -> None:
    made = outcome(candidate(1, code=code))
    assert "Difference to the original" in to_html(made)


def test_a_version_is_compared_in_its_place_so_that_the_docstring_does_not_seem_lost() -> None:
    page = to_html(outcome(candidate(1, code=CODE)))
    removed = re.findall(r'<span class="line del">(.*?)</span></span></span>', page)

    assert "Nothing else." in Page(page).text
    assert removed and not any("Nothing" in line or "Add up" in line for line in removed)


def test_a_method_is_compared_without_the_indentation_of_its_class() -> None:
    inner = "".join(f"    {line}\n" if line else "\n" for line in ORIGINAL.splitlines())
    made = outcome(candidate(1), original=inner, function="pkg/sums.py::Sums.total")
    flat = outcome(candidate(1), function="pkg/sums.py::Sums.total")
    assert to_html(made) == to_html(flat)


def test_long_things_are_cut_and_said_to_be() -> None:
    many = tuple(TestResult(f"t.py::test_{n}", TestOutcome.PASSED) for n in range(3000))
    bad = TestResult("t.py::test_last", TestOutcome.FAILED, message="m" * 100_000)
    made = outcome(
        *(
            candidate(
                number,
                evaluation=Evaluation(Verdict.FAILED_TESTS, (*many, bad), "r" * 50_000),
                code="def total(v):\n" + "    v = v + 1\n" * 5_000,
                critique="c" * 50_000,
            )
            for number in range(1, 6)
        )
    )
    text = to_html(made)

    assert len(text) < 5 * 150_000
    page = Page(text)
    assert "2,961 more tests not shown." in page.text
    assert "The rest is too long to be shown." in page.text
    assert page.text.index("t.py::test_last") < page.text.index("t.py::test_0")


def test_a_usual_page_of_many_candidates_stays_small() -> None:
    statuses = [Status.VERIFIED, Status.FAILED, Status.DUPLICATE, Status.SCREENED_OUT]
    made = outcome(
        *(
            candidate(n, statuses[n % 4], parent=None if n < 100 else n - 96, depth=1 + n // 100)
            for n in range(1, 201)
        ),
        offered=(4,),
    )
    assert len(to_html(made)) < 1_500_000


def test_the_path_to_the_best_is_marked_through_all_rounds() -> None:
    text = to_html(whole())
    tree = text[text.index("The search tree") : text.index("Speed-up over time")]

    assert tree.count('class="edge path"') == 2  # the original, 1, 5
    assert tree.count('class="halo"') == 2
    assert "by way of 1, 5." in tree
    assert len(re.findall(r"<a [^>]*href=\"#candidate-\d+\"", tree)) == 8


def test_a_chain_may_be_longer_than_recursion_allows() -> None:
    steps = (candidate(n, parent=n - 1 or None, depth=n) for n in range(1, 1500))
    assert tree.draw(outcome(*steps)).as_str().count("<a ") == 1499


def test_every_outcome_of_a_candidate_has_a_shape_of_its_own() -> None:
    page = Page(to_html(whole()))
    corners = {(found["class"], len(str(found["points"]).split())) for found in page.all("polygon")}
    assert corners == {("mark-failed", 4), ("mark-screened_out", 3)}
    discs = {found["class"] for found in page.all("circle")}
    assert discs == {"mark-verified", "mark-duplicate", "halo"}  # full, a ring, around the path


def test_what_was_not_measured_or_checked_is_said() -> None:
    unchecked = "Files that it writes were not compared."
    made = outcome(
        candidate(1, Status.VERIFIED, evaluation=replace(verified(None, unchecked=(unchecked,)))),
        offered=(1,),
    )
    text = Page(to_html(made)).text
    assert unchecked in text
    assert "not measured" in text
    noise = replace(verified(), speedup=Speedup(1.01, 0.98, 1.05, 14))
    made = outcome(candidate(1, Status.VERIFIED, evaluation=noise), offered=(1,))
    assert "no gain to speak of" in Page(to_html(made)).text


def test_failures_stand_beside_what_the_original_did() -> None:
    before = results(2, "was broken")
    made = outcome(candidate(1), baseline=replace(outcome().baseline, tests=before))
    text = " ".join(Page(to_html(made)).text.split())
    assert "tests/test_total.py::test_3assert 3 == 4 ✗ failed failed" in text
    assert "tests/test_total.py::test_2 ✓ passed failed" in text


def test_json_stays_free_of_what_only_the_page_needs() -> None:
    """A server at rest must not hold templates, lexers and drawing."""
    code = (
        "import sys, orps_lsp.report\n"
        "print({'jinja2', 'svg', 'pygments', 'markupsafe'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"
    assert to_json(whole())["refinements"][0]["rank"] == 1


def test_the_command_writes_the_page_beside_what_it_prints(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(ORIGINAL)
    (tmp_path / "test_m.py").write_text(
        "from m import total\n\n\ndef test_it():\n    assert total([1, 2]) == 3\n"
    )
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"answers": ["    return sum(values)\n```\n"]}))
    command = [sys.executable, "-m", "orps_lsp", "refine", "m.py::total", "--json", "--report"]
    command += ["r.html", "--engine", "scripted", "--script", str(script), "--candidates", "1"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["candidates"]["generated"] == 1
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert len(page.all("details")) == 1
    assert f"The report is {tmp_path / 'r.html'}" in done.stderr


def test_the_command_refuses_a_report_that_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(ORIGINAL)
    done = subprocess.run(
        [sys.executable, "-m", "orps_lsp", "refine", "m.py::total", "--report", "none/r.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "The report cannot be written to none/r.html." in done.stderr
    assert "Name a file in a folder that exists." in done.stderr


def test_the_page_does_not_say_where_on_this_machine_python_lies() -> None:
    text = to_html(whole())
    assert "python (Python 3.12.1)" in text
    assert "somebody" not in text
