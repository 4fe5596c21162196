"""What people read: one line of progress, the end of a job, the hover's page (Markdown)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from orps_lsp.errors import OrpsError
from orps_lsp.evaluation.protocol import Evaluation, Speedup
from orps_lsp.evaluation.static import Complexity
from orps_lsp.lsp.jobs import Job, JobState
from orps_lsp.lsp.readiness import ModelState
from orps_lsp.quantities import count, duration, ratio, size
from orps_lsp.search.types import Outcome, Progress, Refinement, StopReason

TROUBLE = (StopReason.ENGINE_FAILED, StopReason.EVALUATOR_FAILED)

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~])")  # what has a meaning within a line


def progress_line(progress: Progress) -> str:
    """ "round 2/3, 14 candidates, best 1.84x faster, 45 tok/s, 1:20 left"."""
    parts = [progress.phase]
    if progress.counts.generated:
        parts.append(count(progress.counts.generated, "candidate"))
    if progress.best:
        parts.append(f"best {progress.best.summary}")
    if progress.tokens_per_second >= 1:
        parts.append(f"{progress.tokens_per_second:.0f} tok/s")
    if progress.seconds_left is not None and progress.round:
        minutes, seconds = divmod(round(max(0.0, progress.seconds_left)), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return ", ".join(parts)


def state_line(job: Job, position: int) -> str:
    """What an active job does right now; ``position`` is its place in the queue."""
    if job.state is JobState.WAITING:
        return f"waiting for {count(position, 'other search', 'other searches')}"
    if job.stop.is_set():
        return "stopping"
    return progress_line(job.progress) if job.progress else "starting"


def found_line(outcome: Outcome) -> str:
    """ "2 refinements, best 2.31x faster, 14/14 tests"; nothing if there are none."""
    refinements = outcome.refinements
    if not refinements:
        return ""
    return f"{count(len(refinements), 'refinement')}, best {refinements[0].summary}"


def end_line(job: Job) -> str:
    """How a job ended, in a sentence or two."""
    name = f"`{job.work.qualname}`"
    if job.outcome is None:
        if job.state is JobState.CANCELLED or job.error is None:
            return f"Refining {name} was cancelled."
        known = isinstance(job.error, OrpsError)
        error = str(job.error) if known else f"{type(job.error).__name__}: {job.error}"
        return f"Refining {name} failed. {error}"
    reason = job.outcome.stop_reason.sentence
    if job.outcome.stop_reason in TROUBLE:
        reason = " ".join([reason, *job.outcome.notes[-1:]])  # the error that ended it
    if not job.outcome.refinements:
        return f"No better version of {name} was found. {reason}"
    found = count(len(job.outcome.refinements), "refinement")
    return f"{found} of {name}: best {job.outcome.refinements[0].summary}. {reason}"


def model_missing(model: ModelState) -> str:
    """Say that the model is not here."""
    return f"The model {model.name} is not on this machine yet."


def megabytes(bytes: int) -> str:
    """ "491 MB"."""
    return f"{bytes / 1e6:,.0f} MB"


def progress_page(job: Job, position: int) -> str:
    """The hover while a job is going on."""
    page = f"**ORPS** is refining `{job.work.qualname}`: {escape(state_line(job, position))}."
    best = job.best
    if best is None:
        return page
    table = ["| | tests | speed | memory | complexity |", "|---|---|---|---|---|", _offered(best)]
    return "\n\n".join([page, "\n".join(table), *_details(best)])


def outcome_page(outcome: Outcome, from_earlier: float | None = None) -> str:
    """The hover once there is an outcome: table, critique, evidence, what was not checked.

    ``from_earlier`` is when an earlier session found it, in seconds since the epoch.
    """
    found = found_line(outcome) or "nothing better found"
    paragraphs = [f"**ORPS**, {outcome.intent.value}: {escape(found)}.", "\n".join(_table(outcome))]
    if outcome.refinements:
        paragraphs += _details(outcome.refinements[0])
    paragraphs += [escape(note) for note in (*outcome.baseline.notes, *outcome.notes)]
    paragraphs.append(
        escape(
            f"{outcome.stop_reason.sentence} {count(outcome.counts.generated, 'candidate')} in"
            f" {outcome.seconds:.0f} s by {outcome.model}; sandbox: {outcome.baseline.sandbox}."
        )
    )
    if from_earlier is not None:
        when = time.strftime("%d %B %Y, %H:%M", time.localtime(from_earlier))
        paragraphs.append(f"Found on {when}; whether the tests are still the same was not checked.")
    return "\n\n".join(paragraphs)


def escape(text: str) -> str:
    """Put text, the model's above all, into one Markdown paragraph that says just that."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _table(outcome: Outcome) -> Iterator[str]:
    yield "| | tests | speed | memory | complexity |"
    yield "|---|---|---|---|---|"
    baseline = outcome.baseline
    original = outcome.baseline_complexity
    seconds, peak = baseline.call_seconds, baseline.peak_bytes
    yield _row(
        "original",
        f"{baseline.passed}/{len(baseline.tests)}" if baseline.tests else "none",
        "" if seconds is None else duration(seconds),
        "" if peak is None else size(peak),
        _complexity(original),
    )
    yield from map(_offered, outcome.refinements)


def _offered(refinement: Refinement) -> str:
    candidate = refinement.candidate
    evaluation = candidate.evaluation
    return _row(
        f"#{refinement.rank} {candidate.strategy}",
        evaluation.coverage.removesuffix(" tests") if evaluation else "",
        _speedup(evaluation.speedup) if evaluation else "",
        _memory(evaluation) if evaluation else "",
        _complexity(candidate.complexity),
    )


def _row(*cells: str) -> str:
    return "| " + " | ".join(map(escape, cells)) + " |"


def _details(best: Refinement) -> Iterator[str]:
    candidate = best.candidate
    if candidate.critique:
        yield f"**Critique of #{best.rank}**: {escape(candidate.critique)}"
    if candidate.evaluation is None:
        return
    tests = candidate.evaluation.coverage
    if candidate.evaluation.tests:
        tests += " pass"
    evidence = candidate.evaluation.evidence
    if evidence is None:
        yield f"**Evidence**: {tests}."
        return
    compared = [
        f"{number:,} {kind}"
        for number, kind in ((evidence.replayed, "recorded"), (evidence.generated, "generated"))
        if number
    ]
    agree = f"; {' and '.join(compared)} inputs agree" if compared else ""
    if evidence.tolerance:
        agree += f", floats within {evidence.tolerance:g}"
    yield f"**Evidence**: {tests}{agree}."
    if evidence.proof:
        yield f"**Proof**: {escape(evidence.proof)}"
    if evidence.unchecked:
        yield f"**Not checked**: {escape(' '.join(evidence.unchecked))}"


def _speedup(speedup: Speedup | None) -> str:
    if speedup is None:
        return "not measured"
    text = f"{ratio(speedup.median)} ({ratio(speedup.low)} to {ratio(speedup.high)})"
    text = f"{text} {speedup.conditions}".strip()
    return text if speedup.claimed or speedup.median < 1 else f"{text}, within noise"


def _memory(evaluation: Evaluation) -> str:
    return "" if evaluation.memory_ratio is None else ratio(evaluation.memory_ratio)


def _complexity(complexity: Complexity | None) -> str:
    if complexity is None:
        return ""
    return f"{complexity.cyclomatic} ({count(complexity.lines, 'line')})"
