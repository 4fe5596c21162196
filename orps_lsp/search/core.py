"""What every search method is made of: draw candidates, evaluate them, criticise them.

A :class:`Search` owns the tree and the budgets. A method decides what to expand next; it ends by
returning a StopReason, or by the :class:`Finished` that the search raises when a budget is used up.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orps_lsp.aside import AsideDied
from orps_lsp.evaluation.protocol import Evaluation, Evaluator, Target, Verdict
from orps_lsp.evaluation.static import Complexity
from orps_lsp.llm.protocol import (
    Completion,
    Engine,
    EngineInfo,
    Prompt,
    Sampling,
)
from orps_lsp.search import ranking, scoring
from orps_lsp.search.agreement import agreement
from orps_lsp.search.critique import criticise
from orps_lsp.search.prompts import ENDS, Prompts, Task
from orps_lsp.search.spending import Finished, Spending
from orps_lsp.search.strategies import Strategy, diagnosed, strategies
from orps_lsp.search.types import (
    Budget,
    Candidate,
    Counts,
    Intent,
    Offload,
    Part,
    Progress,
    ProgressListener,
    Refinement,
    Status,
    StopReason,
    inline,
)
from orps_lsp.search.versions import Version, read
from orps_lsp.source.diff import unified
from orps_lsp.source.extract import fingerprint

_STEP_TOKENS = 40
_MOST_COMPARED = 12  # fixes; each costs a second or two
_SEED_STRIDE = 1_000_003


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose about a search, beyond its budget."""

    beam: int = 3
    seed: int = 0
    temperature: float = 0.8
    alpha: float | None = None  # None: by the size of the model
    critic: bool | None = None  # whether reviews steer the search; None: by the size of the model
    without: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Expansion:
    """One candidate to be drawn: from which path (root first, () for the root), and how."""

    strategy: Strategy
    path: tuple[Candidate, ...] = ()
    temperature: float | None = None


class Search:
    """One search over one function. Its methods are called by one coroutine at a time."""

    def __init__(
        self,
        task: Task,
        target: Target,
        engine: Engine,
        info: EngineInfo,
        evaluator: Evaluator,
        prompts: Prompts,
        budget: Budget,
        options: Options,
        listen: ProgressListener,
        max_tokens: int,
        original: Complexity,
        aside: Offload = inline,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.task = task
        self.budget = budget
        self.options = options
        self.candidates: list[Candidate] = []
        self.strategies = (
            diagnosed(task.function)
            if task.intent is Intent.OPTIMISE and Part.DIAGNOSIS not in options.without
            else strategies(task.intent, task.function)
        )
        self.spending = Spending(budget, clock)
        self.prompts = prompts
        self.has_rules = not info.alone and Part.RULES not in options.without
        self.round = 0
        self.phase = ""
        self._target = target
        self._engine = engine
        self._evaluator = evaluator
        self._listen = listen
        self._max_tokens = max_tokens
        self._alpha = (
            scoring.default_alpha(info.parameters) if options.alpha is None else options.alpha
        )
        self._critic = Part.CRITIQUE not in options.without and (
            scoring.has_critic(info.parameters) if options.critic is None else options.critic
        )
        self.original = original
        self._aside = aside
        self._diffs: dict[int, str] = {}
        self._seen: dict[str, int] = {fingerprint(task.function.text): 0}  # candidates' ids
        self._votes: Counter[int] = Counter()  # how often each candidate was written

    # -- generation and evaluation

    async def expand(
        self,
        expansions: Sequence[Expansion],
        enough: Callable[[], bool] = lambda: False,
    ) -> list[Candidate]:
        """Draw all ``expansions`` at once and evaluate each one as soon as it is written.

        Ends early when ``enough()`` holds. Returns the new candidates that ran.

        Raises:
            Finished: a budget is used up; what was evaluated until then is in ``candidates``.
            EngineError, EvaluationError: as engine and evaluator raise them.
        """
        self.spending.check()
        if (left := self.spending.candidates_left) is not None:
            if left <= 0:
                raise Finished(StopReason.BUDGET_CANDIDATES)
            expansions = expansions[:left]
        first = len(self.candidates)
        waiting = deque(expansions)
        tasks: list[asyncio.Task[Candidate]] = []
        pending: set[asyncio.Task[Candidate]] = set()
        try:
            while not enough():
                while waiting and self.spending.affords(len(pending)):
                    draw = self._draw(self.spending.number(), waiting.popleft())
                    tasks.append(asyncio.create_task(draw))
                    pending.add(tasks[-1])
                if not pending:
                    break
                done, pending = await asyncio.wait(
                    pending,
                    timeout=self.spending.generation_left,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for drawn in sorted((task.result() for task in done), key=lambda c: c.id):
                    await self.take(drawn)
                    if enough():
                        break
                self.spending.check_time()
            if waiting and not enough():
                raise Finished(StopReason.BUDGET_TOKENS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [c for c in self.candidates[first:] if c.evaluation]

    async def _draw(self, number: int, expansion: Expansion) -> Candidate:
        """Let the model write one version."""
        sampling = Sampling(
            seed=self.options.seed * _SEED_STRIDE + number,
            temperature=(
                self.options.temperature if expansion.temperature is None else expansion.temperature
            ),
            max_tokens=self._max_tokens,
            stop=() if self.prompts.think else ENDS,
        )
        prompt = self.prompts.programmer(expansion.strategy, expansion.path)
        completion = await self._complete(prompt, sampling)
        self.spending.answered(completion)
        return Candidate(
            id=number,
            parent=expansion.path[-1].id if expansion.path else None,
            round=self.round,
            strategy=expansion.strategy.name,
            code=self.prompts.answer(completion.text, expansion.strategy, expansion.path),
            status=Status.SCREENED_OUT,
            conversation=self.prompts.conversation(prompt, completion.text),
            tokens=completion.usage.generated,
        )

    async def plan(self, steps: Sequence[str]) -> str:
        """Let the model add a step to a plan; the beginning of a sentence.

        Raises:
            Finished, EngineError: as ``expand``.
        """
        self.spending.check()
        sampling = Sampling(
            seed=self.options.seed * _SEED_STRIDE + self.spending.planned,
            temperature=self.options.temperature,
            max_tokens=_STEP_TOKENS,
            stop=("\n",),
        )
        completion = await self._complete(self.prompts.planner(steps), sampling)
        return " ".join(completion.text.split())

    async def _complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        completion = await self._engine.complete(prompt, sampling)
        self.spending.usage += completion.usage
        return completion

    async def take(self, drawn: Candidate) -> Candidate:
        """Screen a drawn version, run it if it is worth it, and put it into the tree.

        Raises:
            EvaluationError: as the evaluator raises it.
        """
        try:
            version = await self._aside(read, drawn.code, self._target.source, self.task.function)
        except AsideDied as error:
            version = Version(drawn.code, error.message)
        candidate = self._screened(drawn, version)
        if candidate.module:
            # A decoding engine and an evaluation on the same cores slow each other down tenfold.
            async with self._engine.yielding():
                evaluation = await self._evaluator.evaluate(candidate.module)
            candidate = self._judge(candidate, evaluation)
        candidate = replace(candidate, seconds=self.spending.seconds)
        self.candidates.append(candidate)
        self.report()
        return candidate

    def _screened(self, drawn: Candidate, version: Version) -> Candidate:
        """Take over what was read; what was there before does not run again."""
        candidate = replace(drawn, code=version.code)
        if version.fingerprint in self._seen:
            self._votes[self._seen[version.fingerprint]] += 1
            return replace(candidate, status=Status.DUPLICATE, reason="The same as an earlier one.")
        if version.fingerprint:
            self._seen[version.fingerprint] = drawn.id
            self._votes[drawn.id] = 1
        if version.reason:
            return replace(candidate, reason=version.reason)
        return replace(candidate, module=version.module, complexity=version.complexity)

    def _judge(self, candidate: Candidate, evaluation: Evaluation) -> Candidate:
        assert candidate.complexity
        outcome = scoring.outcome_reward(
            self.task.intent, evaluation, self.original, candidate.complexity
        )
        verified = evaluation.verdict is Verdict.VERIFIED
        return replace(
            candidate,
            status=Status.VERIFIED if verified else Status.FAILED,
            reason=evaluation.reason,
            evaluation=evaluation,
            outcome=outcome,
            score=scoring.combine(None, outcome, self._alpha),
        )

    @property
    def passing(self) -> int:
        """How many answers gave a verified version, repetitions included."""
        return sum(self._votes[c.id] for c in self.candidates if c.status is Status.VERIFIED)

    @property
    def is_fixed(self) -> bool:
        """Whether there is a fix; the other intents can always be done better."""
        return self.task.intent is Intent.FIX and self.passing > 0

    async def settle(self) -> None:
        """Compare fixes by what they do on inputs that no test has: most are right, or none is."""
        right = [c for c in self.candidates if c.status is Status.VERIFIED][:_MOST_COMPARED]
        if (
            self.task.intent is not Intent.FIX
            or len(right) < 2
            or Part.AGREEMENT in self.options.without
        ):
            return
        async with self._engine.yielding():
            behaviours = await self._evaluator.behaviours([c.module for c in right])
        votes = [self._votes[c.id] for c in right]
        shares = agreement([behaviour.marks for behaviour in behaviours], votes)
        compared = {
            c.id: replace(c, agreement=share, call_seconds=behaviour.seconds)
            for c, share, behaviour in zip(right, shares, behaviours, strict=True)
        }
        self.candidates = [compared.get(c.id, c) for c in self.candidates]

    # -- criticism

    async def review(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Let the critic steer the search, if it is worth its tokens; returns all, updated."""
        return await self.criticise(candidates) if self._critic else list(candidates)

    async def explain(self) -> None:
        """Let the critic review what is offered, for people, unless the tokens are used up."""
        if self.spending.has_tokens:
            await self.criticise(self.offered())

    async def criticise(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Let the critic review and score those that it has not seen; returns all, updated."""
        fresh = [c for c in candidates if c.evaluation and c.process is None]
        reviewed = await asyncio.gather(*map(self._criticised, fresh))
        by_id = {c.id: c for c in reviewed}
        self.candidates = [by_id.get(c.id, c) for c in self.candidates]
        self.report()
        return [by_id.get(c.id, c) for c in candidates]

    async def _criticised(self, candidate: Candidate) -> Candidate:
        seed = self.options.seed * _SEED_STRIDE + candidate.id
        found = await criticise(self._engine, self.prompts, candidate, seed)
        self.spending.usage += found.usage
        score = scoring.combine(found.process, candidate.outcome, self._alpha)
        return replace(candidate, critique=found.text, process=found.process, score=score)

    # -- results

    def best(self, count: int) -> list[Candidate]:
        """The ``count`` candidates of the highest score that ran."""
        ran = [c for c in self.candidates if c.evaluation]
        return sorted(ran, key=lambda c: (-c.score, c.id))[:count]

    def path(self, candidate: Candidate) -> tuple[Candidate, ...]:
        """The attempts from the root to ``candidate``."""
        by_id = {c.id: c for c in self.candidates}
        path = [candidate]
        while (parent := path[0].parent) is not None and parent in by_id:
            path.insert(0, by_id[parent])
        return tuple(path)

    def offered(self) -> tuple[Candidate, ...]:
        return ranking.rank(self.task.intent, self.candidates, self.original)

    def refinements(self) -> tuple[Refinement, ...]:
        """The offered candidates with their diffs, the best first."""
        return tuple(self._refinement(*pair) for pair in enumerate(self.offered(), 1))

    def _refinement(self, rank: int, candidate: Candidate) -> Refinement:
        target = self._target
        path = target.file.relative_to(target.workspace).as_posix()
        if candidate.id not in self._diffs:  # asked for with each report
            self._diffs[candidate.id] = unified(target.source, candidate.module, path)
        return Refinement(
            rank,
            candidate,
            self._diffs[candidate.id],
            ranking.summary(self.task.intent, candidate, self.original),
        )

    def counts(self) -> Counts:
        statuses = [c.status for c in self.candidates]
        return Counts(
            generated=len(statuses),
            duplicates=statuses.count(Status.DUPLICATE),
            screened_out=statuses.count(Status.SCREENED_OUT),
            failed=statuses.count(Status.FAILED),
            verified=statuses.count(Status.VERIFIED),
        )

    def report(self, phase: str = "") -> None:
        """Tell the listener where the search is."""
        self.phase = phase or self.phase
        best = self.offered()[:1]
        self._listen(
            Progress(
                phase=self.phase,
                round=self.round,
                rounds=self.budget.rounds,
                counts=self.counts(),
                candidates=tuple(self.candidates),
                baseline=self.task.baseline,
                best=self._refinement(1, best[0]) if best else None,
                tokens_per_second=self.spending.usage.generated / max(self.spending.seconds, 1e-9),
                seconds=self.spending.seconds,
                seconds_left=self.spending.seconds_left,
            )
        )
