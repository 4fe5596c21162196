"""Comparing outcomes of two versions, and choosing the inputs."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from evaluation_support import evaluating, write_project

from orps_lsp.evaluation import sandbox
from orps_lsp.evaluation.equivalence import borrowed, oracle, outcomes, replay
from orps_lsp.evaluation.equivalence.outcomes import Outcome
from orps_lsp.evaluation.limits import Limits
from orps_lsp.evaluation.project.interpreter import find as find_interpreter
from orps_lsp.evaluation.protocol import Evidence, Target, Verdict
from orps_lsp.evaluation.session import Session


def returns(value: str, digest: str = "", call: str = "1") -> Outcome:
    return Outcome("return", digest or value, call, value)


RAISES = Outcome("raise", "e", "1", "ValueError('no')")


@pytest.mark.parametrize(
    ("candidate", "sentence"),
    [
        (returns("3"), "On (1) the original returns 2, this version returns 3."),
        (RAISES, "On (1) the original returns 2, this version raises ValueError('no')."),
        (Outcome("timeout", "", "1", "no result in 5 s"), "this version gives no result in 5 s."),
        (Outcome("crashed", "", "", ""), "this version ends the process."),
        (Outcome("limit", "", "1", "MemoryError()"), "this version fails with MemoryError()."),
        (Outcome("uncomparable", "", "1", "a lock"), "returns what cannot be compared (a lock)."),
        (returns("2", digest="other"), "returns 2 too, but with other types, side effects"),
    ],
)
def test_a_disagreement_is_described(candidate: Outcome, sentence: str) -> None:
    evidence = outcomes.compare({0: returns("2")}, {0: candidate}, recorded=[0])
    assert evidence.disagreements == 1
    assert sentence in evidence.first_disagreement


def test_agreement_is_counted_by_where_inputs_came_from() -> None:
    original = {0: returns("a"), 1: RAISES, 2: returns("c")}
    evidence = outcomes.compare(original, dict(original), recorded=[0, 1])
    assert (evidence.replayed, evidence.generated, evidence.disagreements) == (2, 1, 0)
    assert evidence.first_disagreement == ""
    assert evidence.unchecked == ()


def test_the_shortest_input_that_differs_is_shown() -> None:
    original = {0: returns("a", call="[1, 2, 3, 4]"), 1: returns("b", call="[]")}
    candidate = {0: returns("x"), 1: returns("y")}
    assert "On ([])" in outcomes.compare(original, candidate, recorded=[]).first_disagreement


def test_inputs_that_were_not_reached_are_said_to_be_unchecked() -> None:
    evidence = outcomes.compare({0: RAISES, 1: RAISES}, {0: RAISES}, [0, 1], ["Something."])
    assert evidence.replayed == 1
    assert evidence.unchecked == (
        "Something.",
        "One input could not be compared in the time there was.",
    )


def test_only_outcomes_that_repeat_are_evidence() -> None:
    opaque = Outcome("uncomparable", "", "1", "")
    first = {0: returns("a"), 1: returns("b"), 2: opaque, 3: returns("d")}
    second = {0: returns("a"), 1: returns("other"), 2: opaque}
    assert outcomes.repeatable(first, second) == {0: returns("a")}


def test_one_input_with_two_results_makes_a_function_erratic() -> None:
    opaque = Outcome("uncomparable", "", "1", "")
    first = {0: returns("a"), 1: returns("b"), 2: opaque}
    assert not outcomes.is_erratic(first, dict(first))
    assert not outcomes.is_erratic(first, {0: returns("a")})
    assert outcomes.is_erratic(first, {0: returns("a"), 1: returns("other")})
    assert not outcomes.is_erratic(first, {1: opaque, 2: returns("c")})


def test_each_test_has_its_share_of_the_recorded_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "MAX_RECORDED", 4)
    calls = {n: b"%d" % n for n in range(10)}
    chosen = oracle.select([[0, 1, 2, 3, 4], [5], [0, 6, 7]], calls)
    assert chosen == [b"0", b"5", b"1", b"6"]


def test_calls_that_are_too_large_together_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "MAX_INPUT_BYTES", 5)
    assert oracle.select([[0, 1, 2]], {0: b"1234", 1: b"12", 2: b"1"}) == [b"1234", b"1"]


def test_floats_agree_within_the_tolerance_and_it_is_told_when_it_was_used() -> None:
    def gives(*floats: float) -> Outcome:
        return Outcome("return", "~", "1", str(floats), floats=floats)

    def compared(one: Outcome, other: Outcome, tolerance: float) -> tuple[int, float]:
        evidence = outcomes.compare({0: one}, {0: other}, [0], tolerance=tolerance)
        return evidence.disagreements, evidence.tolerance

    nan, infinity = float("nan"), float("inf")
    assert compared(gives(1.0, nan), gives(1.0, nan), 1e-9) == (0, 0.0)
    assert compared(gives(1.0), gives(1.0 + 1e-12), 1e-9) == (0, 1e-9)
    assert compared(gives(0.0), gives(-0.0), 1e-9) == (0, 1e-9)
    assert compared(gives(1.0), gives(1.0 + 1e-6), 1e-9)[0] == 1
    assert compared(gives(infinity), gives(1e308), 1e-9)[0] == 1
    assert compared(gives(nan), gives(1.0), 1e-9)[0] == 1
    assert compared(gives(1.0), gives(1.0, 1.0), 1e-9)[0] == 1
    assert compared(gives(0.0), gives(-0.0), 0.0)[0] == 1


@pytest.mark.parametrize(
    ("original", "candidate", "sentence"),
    [
        ((0, 1, 2), (0, 1, 2), ""),
        ((0, 2, 3), (0, 1, 2), ""),
        ((0, 1, 2), (0, 3, 3), "the original has read 1 of its items when it gives its first item"),
        ((0, 1, 2), (2, 2, 2), "has read 0 of its items before it gives anything, this version 2"),
        ((0, 1, 2), (0, 1, 3), "when it gives item 2"),
    ],
)
def test_a_candidate_may_not_read_ahead_of_the_original(
    original: tuple[int, ...], candidate: tuple[int, ...], sentence: str
) -> None:
    first = Outcome("return", "d", "[1, 2]", "", taken=(original,))
    second = Outcome("return", "d", "[1, 2]", "", taken=(candidate,))
    said = outcomes.difference(first, second)
    assert sentence in said
    assert bool(said) == bool(sentence)


def test_a_candidate_that_takes_no_iterator_is_said_to() -> None:
    first = Outcome("return", "d", "", "", taken=((0, 1),))
    evidence = outcomes.compare({0: first}, {0: Outcome("return", "d", "", "", taken=(None,))}, [])
    assert evidence.disagreements == 0
    assert evidence.unchecked == ("It takes no iterator where the original does.",)


def test_a_result_that_is_kept_is_a_difference_unless_the_original_keeps_it_too() -> None:
    def gives(repeats: bool | None) -> Outcome:
        return Outcome("return", "d", "3", "[]", repeats=repeats)

    assert "gives an object that it keeps" in outcomes.difference(gives(True), gives(False))
    assert outcomes.difference(gives(False), gives(False)) == ""
    assert outcomes.difference(gives(True), gives(None)) == ""


def test_data_kept_between_calls_is_a_disagreement() -> None:
    evidence = outcomes.compare({0: RAISES}, {0: RAISES}, [0], keeps=["It keeps data."])
    assert (evidence.disagreements, evidence.first_disagreement) == (1, "It keeps data.")


SHIFTED = """
    def f(xs):
        return [x * 0.1 + 0.1 for x in xs]
"""
REASSOCIATED = "def f(xs):\n    return [x / 10 + 0.1 for x in xs]\n"
TEST_SHIFTED = """
    import pytest
    from core import f

    def test():
        assert f([0.5, 0.1, 0.7]) == pytest.approx([0.15, 0.11, 0.17])
"""


@pytest.mark.parametrize(
    ("tolerance", "verdict"), [(0.0, Verdict.DISAGREES), (1e-9, Verdict.VERIFIED)]
)
async def test_the_setting_lets_floats_differ(
    tmp_path: Path, tolerance: float, verdict: Verdict
) -> None:
    root = write_project(tmp_path, {"core.py": SHIFTED, "test_core.py": TEST_SHIFTED})
    async with evaluating(root, "f", float_tolerance=tolerance) as evaluator:
        await evaluator.baseline()
        evaluation = await evaluator.evaluate(REASSOCIATED)
        wrong = await evaluator.evaluate(REASSOCIATED.replace("0.1", "0.1000001"))
    assert evaluation.verdict is verdict, evaluation
    assert evaluation.evidence is not None
    assert evaluation.evidence.tolerance == tolerance
    assert wrong.verdict is Verdict.DISAGREES


async def consulted(root: Path, calls: list[bytes]) -> tuple[oracle.Oracle, list[Evidence]]:
    """Consult a function on ``calls``; compare it with a clone and with a wrong version."""
    source = (root / "core.py").read_text(encoding="utf-8")
    target = Target(root, root / "core.py", "f", source)
    interpreter = await find_interpreter(root)
    path = [str(root), *map(str, interpreter.sys_path)]
    session = Session(target, interpreter, await sandbox.choose("auto"), Limits())
    try:
        job = session.host_job(source, "core", path)
        known = await oracle.consult(session, job, calls, generate=True)
        wrong = session.host_job(source.replace("> 7", "> 8"), "core", path)
        worker = await session.worker()
        return known, [await replay.check(worker, each, known) for each in (job, wrong)]
    finally:
        await session.close()


async def test_annotations_alone_are_enough_for_inputs(tmp_path: Path) -> None:
    text = "def f(xs: list[int], n: int = 2):\n    return [x for x in xs if x > 7] * n\n"
    root = write_project(tmp_path, {"core.py": text})
    known, (clone, wrong) = await consulted(root, [])
    assert known.recorded == ()
    assert clone.generated > 50
    assert clone.disagreements == 0
    assert wrong.disagreements > 0


async def test_without_calls_and_annotations_there_are_no_inputs(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"core.py": "def f(xs):\n    return xs > 7\n"})
    known, _ = await consulted(root, [])
    assert known.outcomes == {}
    assert known.unchecked == ("No further inputs could be made from the function's annotations.",)


async def test_generating_leaves_no_files(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"core.py": "def f(xs):\n    return xs > 7\n"})
    before = sorted(path.name for path in root.iterdir())
    known, (clone, wrong) = await consulted(root, [pickle.dumps(((8,), {}))])
    assert clone.generated == len(known.invented) > 10
    assert wrong.disagreements > 0
    assert sorted(path.name for path in root.iterdir()) == before


def test_what_is_lent_to_projects_is_installed() -> None:
    folder = borrowed.folder(borrowed.HYPOTHESIS)
    assert folder is not None
    assert folder in borrowed.readable()
    assert all((folder / name).is_dir() for name in ("hypothesis", "sortedcontainers"))
    assert borrowed.folder("no_such_package") is None
