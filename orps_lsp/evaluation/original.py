"""Learn all that an evaluation must know of the original: its tests, its behaviour, its costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orps_lsp.evaluation.discovery import finding, judgement
from orps_lsp.evaluation.discovery.found import Discovery
from orps_lsp.evaluation.equivalence import oracle
from orps_lsp.evaluation.equivalence.oracle import Oracle
from orps_lsp.evaluation.hosts import HostFailed, Job
from orps_lsp.evaluation.project.modules import import_name
from orps_lsp.evaluation.protocol import Baseline, HotLine, TestsListener
from orps_lsp.evaluation.session import Session
from orps_lsp.evaluation.timing import costs as timing
from orps_lsp.evaluation.timing import lines
from orps_lsp.evaluation.timing.costs import Costs
from orps_lsp.store import Store


@dataclass(frozen=True, slots=True)
class Original:
    """What was found out about the original; evaluations of candidates rely on it.

    ``files`` are those of its tests, ``module`` and ``path`` how its module is imported, ``wall``
    the seconds that a candidate's tests may take. ``calls`` are recorded ones of all its tests,
    also of those that fail.
    """

    baseline: Baseline
    files: tuple[str, ...]
    module: str
    path: tuple[str, ...]
    wall: float
    oracle: Oracle
    costs: Costs
    calls: tuple[bytes, ...] = ()


async def learn(session: Session, store: Store, listen: TestsListener | None = None) -> Original:
    """Run the original: the suite with a probe, its own tests alone, its calls by itself.

    The suite does not run if ``store`` remembers it; ``listen`` hears how far it is.

    Raises:
        BaselineError: no test can be run.
        WorkerDied: the worker ended.
    """
    found, alone = await finding.find(session, store, listen)
    if not found.touching and session.limits.untested:
        found = _by_itself(session, found)
    touching = found.touching
    job = session.host_job(session.target.source, found.module, found.path)
    behaviour = await _consult(session, job, found)
    costs = Costs()
    hot_lines: tuple[HotLine, ...] = ()
    if behaviour.measurable:
        right = all(test.result.passed for test in touching.values())
        behaviour, costs = await timing.learn(session, job, behaviour, grow=right)
        if right and costs.work is not None:
            hot_lines = await lines.hottest(session, job, costs.work)
    baseline = Baseline(
        tests=tuple(alone.tests[name].result for name in touching),
        suite_size=found.collected,
        recorded=behaviour.replayable,
        generated=len(behaviour.invented),
        unreplayable=found.unpicklable + len(behaviour.recorded) - behaviour.replayable,
        seconds=alone.seconds,
        call_seconds=costs.call_seconds,
        peak_bytes=costs.peak_bytes,
        sandbox=session.sandbox.name,
        interpreter=session.interpreter.label,
        runner=found.runner,
        notes=(*session.interpreter.notes, *session.notes, *found.notes),
        arguments=found.arguments,
        hot_lines=hot_lines,
    )
    return Original(
        baseline=baseline,
        files=judgement.files(touching),
        module=found.module,
        path=found.path,
        wall=session.limits.candidate_seconds(alone.seconds),
        oracle=behaviour,
        costs=costs,
        calls=tuple(oracle.select([test.calls for test in touching.values()], dict(found.calls))),
    )


def _by_itself(session: Session, found: Discovery) -> Discovery:
    """Let the module be imported where no test shows how."""
    target = session.target
    module, folder = import_name(target.file, target.workspace)
    return replace(found, module=module, path=(str(folder), *found.path))


async def _consult(session: Session, job: Job, found: Discovery) -> Oracle:
    """Learn how the original behaves outside of the tests, where it is known to be right."""
    passing = [test for test in found.touching.values() if test.result.passed]
    failing = [test for test in found.touching.values() if not test.result.passed]
    doubtful = {number for test in failing for number in test.calls}
    calls = {n: data for n, data in found.calls.items() if n not in doubtful}
    recorded = oracle.select([test.calls for test in passing], calls)
    unchecked = judgement.not_recorded(found.unpicklable, bool(found.touching), bool(failing))
    if not found.module or not (recorded or session.limits.untested):
        return Oracle(unchecked=tuple(unchecked))
    try:
        behaviour = await oracle.consult(
            session,
            job,
            recorded,
            generate=not failing,
            tolerance=session.limits.float_tolerance,
        )
    except HostFailed as error:
        sentence = f"The function cannot be called outside of its tests: {error}."
        indices = tuple(range(len(recorded)))
        return Oracle(recorded=indices, unchecked=(*unchecked, sentence))
    return replace(behaviour, unchecked=(*unchecked, *behaviour.unchecked))
