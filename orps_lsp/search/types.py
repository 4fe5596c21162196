"""The plain data of a search: what goes in, what is reported on the way, what comes out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeVar

from orps_lsp.evaluation.protocol import Baseline, Evaluation
from orps_lsp.evaluation.static import Complexity
from orps_lsp.llm.protocol import Message, Usage

T = TypeVar("T")


class Intent(str, Enum):
    """What the user wants of the function."""

    FIX = "fix"
    OPTIMISE = "optimise"
    SIMPLIFY = "simplify"


class Part(str, Enum):
    """A part of the search that an ablation leaves out, to see what it is worth."""

    EXECUTION = "execution"  # what ran is told to programmer and critic
    REASONING = "reasoning"  # a plan or thought comes before the code
    CRITIQUE = "critique"  # reviews steer the search
    REPAIR = "repair"  # attempts are followed up
    RULES = "rules"  # versions that rules make are tried first
    DIAGNOSIS = "diagnosis"  # plans name what makes this function slow
    BANDIT = "bandit"  # strategies are drawn by what they have brought
    LIKELIEST = "likeliest"  # the first answer is the one that the model finds likeliest
    AGREEMENT = "agreement"  # fixes are compared on inputs that no test has


class StopReason(str, Enum):
    """Why a search ended; ``sentence`` says it to people."""

    BUDGET_SECONDS = "budget_seconds"
    BUDGET_TOKENS = "budget_tokens"
    BUDGET_CANDIDATES = "budget_candidates"
    BUDGET_ROUNDS = "budget_rounds"
    CONVERGED = "converged"
    SUCCESS = "success"
    CANCELLED = "cancelled"
    ENGINE_FAILED = "engine_failed"
    EVALUATOR_FAILED = "evaluator_failed"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    StopReason.BUDGET_SECONDS: "The time budget was used up.",
    StopReason.BUDGET_TOKENS: "The token budget was used up.",
    StopReason.BUDGET_CANDIDATES: "The number of candidates asked for was reached.",
    StopReason.BUDGET_ROUNDS: "All rounds were searched.",
    StopReason.CONVERGED: "The last round found nothing better.",
    StopReason.SUCCESS: "A version that does what was asked was found.",
    StopReason.CANCELLED: "The search was cancelled.",
    StopReason.ENGINE_FAILED: "The model's process failed; what was found until then is kept.",
    StopReason.EVALUATOR_FAILED: "The tests could no longer be run; what was found is kept.",
}


class Status(str, Enum):
    """How far a candidate came."""

    DUPLICATE = "duplicate"
    SCREENED_OUT = "screened_out"  # no code, or refused before anything ran
    FAILED = "failed"  # ran, and is wrong
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one search. A limit of 0 is none, except that ``rounds`` is at least 1."""

    seconds: float = 150.0
    tokens: int = 0
    candidates: int = 32
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version of the function and all that is known of it.

    ``conversation`` is the one that it was written in, the answer last.
    ``process``, ``outcome`` and ``score`` are rewards in [0, 1] (arXiv 2412.15118, section 3).
    ``agreement`` is the share of the versions that pass which do the same on further inputs, and
    ``call_seconds`` what one pass over those takes, where the original cannot be compared with.
    ``seconds`` is when it was judged, counted from the search's begin; ``tokens`` is how many the
    model wrote for it.
    """

    id: int
    parent: int | None
    round: int
    strategy: str
    code: str
    status: Status
    conversation: tuple[Message, ...] = ()
    reason: str = ""
    module: str = ""
    evaluation: Evaluation | None = None
    complexity: Complexity | None = None
    critique: str = ""
    process: float | None = None
    outcome: float = 0.0
    score: float = 0.0
    agreement: float | None = None
    call_seconds: float | None = None
    seconds: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Refinement:
    """A verified candidate in its place among the offered ones; rank 1 is the best."""

    rank: int
    candidate: Candidate
    diff: str
    summary: str  # "2.31x faster, 14/14 tests"


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the candidates went; ``generated`` is the sum of the others."""

    generated: int = 0
    duplicates: int = 0
    screened_out: int = 0
    failed: int = 0
    verified: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """A snapshot of a running search; each one is complete in itself."""

    phase: str  # a few words for people: "running the tests", "round 2/3"
    round: int = 0
    rounds: int = 0
    counts: Counts = field(default_factory=Counts)
    candidates: tuple[Candidate, ...] = ()
    baseline: Baseline | None = None
    best: Refinement | None = None
    tokens_per_second: float = 0.0
    seconds: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a search. ``candidates`` is the whole tree, in the order of generation.

    ``function`` names it for people (``path::qualname``), ``original`` is its text.
    """

    function: str
    original: str
    intent: Intent
    model: str
    method: str
    baseline: Baseline
    baseline_complexity: Complexity
    stop_reason: StopReason
    seconds: float
    usage: Usage
    counts: Counts
    refinements: tuple[Refinement, ...]
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()


ProgressListener = Callable[[Progress], None]


class Offload(Protocol):
    """Runs a function of a module elsewhere, so that this loop goes on."""

    def __call__(self, function: Callable[..., T], /, *args: Any) -> Coroutine[Any, Any, T]: ...


async def inline(function: Callable[..., T], /, *args: Any) -> T:
    """Run it here, for those who have nothing else to do."""
    return function(*args)
