"""What every search method is made of: draw candidates, evaluate them, criticise them.

A :class:`Search` owns the tree and the budgets. A method decides what to expand next; it ends by
returning a StopReason, or by the :class:`Finished` that the search raises when a budget is used up.
"""

from __future__ import annotations

import asyncio
import math
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
    Message,
    Prompt,
    Sampling,
    Usage,
)
from orps_lsp.search import ranking, scoring
from orps_lsp.search.agreement import agreement
from orps_lsp.search.critique import criticise
from orps_lsp.search.prompts import FENCE_END, Prompts, Task
from orps_lsp.search.strategies import RULE, Strategy, diagnosed, strategies
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
from orps_lsp.source.diagnosis import diagnose
from orps_lsp.source.diff import unified
from orps_lsp.source.extract import fingerprint

_STEP_TOKENS = 40
_MOST_RULES = 6
_CRITIQUE_SHARE = 0.1  # of the seconds: kept for the critics of the best when generation must end
_CRITIQUE_SECONDS = 15.0
_MOST_COMPARED = 12  # fixes; each costs a second or two
_SEED_STRIDE = 1_000_003
_EXPECTED_TOKENS = 150  # of an answer, before there is one


class Finished(Exception):
    """A budget is used up."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


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
        self.usage = Usage()
        self.round = 0
        self.phase = ""
        self._target = target
        self._engine = engine
        self._evaluator = evaluator
        self._prompts = prompts
        self._listen = listen
        self._max_tokens = max_tokens
        self._clock = clock
        self._started = clock()
        self._generating = 0.0
        self._planned = 0
        self._drawn = 0
        self._written = 0  # tokens of the answers that were drawn
        self._longest = 0
        self._alpha = (
            scoring.default_alpha(info.parameters) if options.alpha is None else options.alpha
        )
        self._critic = Part.CRITIQUE not in options.without and (
            scoring.has_critic(info.parameters) if options.critic is None else options.critic
        )
        self._rules = not info.alone and Part.RULES not in options.without
        self.original = original
        self._aside = aside
        self._diffs: dict[int, str] = {}
        self._seen: dict[str, int] = {fingerprint(task.function.text): 0}  # candidates' ids
        self._votes: Counter[int] = Counter()  # how often each candidate was written

    # -- budgets

    @property
    def seconds(self) -> float:
        """Seconds since the search began."""
        return self._clock() - self._started

    @property
    def seconds_left(self) -> float | None:
        return self.budget.seconds - self.seconds if self.budget.seconds else None

    @property
    def candidates_left(self) -> int | None:
        return self.budget.candidates - self._planned if self.budget.candidates else None

    @property
    def answers_left(self) -> int | None:
        """About how many more answers the budgets allow; None: as many as there is time for."""
        limits = [] if self.candidates_left is None else [self.candidates_left]
        if self.budget.tokens:
            left = self.budget.tokens - self.usage.generated
            limits.append(math.ceil(max(0, left) / self._expected_tokens))
        return min(limits, default=None)

    @property
    def _expected_tokens(self) -> float:
        return max(1.0, self._written / self._drawn) if self._drawn else _EXPECTED_TOKENS

    def _generation_left(self) -> float | None:
        """Seconds until generation must end, so that the best can still be criticised."""
        left = self.seconds_left
        if left is None:
            return None
        return left - min(_CRITIQUE_SECONDS, _CRITIQUE_SHARE * self.budget.seconds)

    def _check_time(self) -> None:
        left = self._generation_left()
        if left is not None and left <= 0:
            raise Finished(StopReason.BUDGET_SECONDS)

    def _check_budgets(self) -> None:
        self._check_time()
        if self.budget.tokens and self.usage.generated >= self.budget.tokens:
            raise Finished(StopReason.BUDGET_TOKENS)

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
        self._check_budgets()
        if (left := self.candidates_left) is not None:
            if left <= 0:
                raise Finished(StopReason.BUDGET_CANDIDATES)
            expansions = expansions[:left]
        first = len(self.candidates)
        waiting = deque(expansions)
        tasks: list[asyncio.Task[Candidate]] = []
        pending: set[asyncio.Task[Candidate]] = set()
        try:
            while not enough():
                while waiting and self._affordable(len(pending)):
                    draw = self._draw(self._number(), waiting.popleft())
                    tasks.append(asyncio.create_task(draw))
                    pending.add(tasks[-1])
                if not pending:
                    break
                done, pending = await asyncio.wait(
                    pending, timeout=self._generation_left(), return_when=asyncio.FIRST_COMPLETED
                )
                for drawn in sorted((task.result() for task in done), key=lambda c: c.id):
                    await self._take(drawn)
                    if enough():
                        break
                self._check_time()
            if waiting and not enough():
                raise Finished(StopReason.BUDGET_TOKENS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [c for c in self.candidates[first:] if c.evaluation]

    def _affordable(self, running: int) -> bool:
        """Whether there are tokens for one more answer, beside those that are being written.

        What was begun is finished: half an answer would be tokens for nothing.
        """
        if not self.budget.tokens:
            return True
        # Answers that are there first are short ones: the others may be as long as the longest.
        each = max(_EXPECTED_TOKENS, self._longest)
        return self.usage.generated + running * each < self.budget.tokens

    def _number(self) -> int:
        self._planned += 1
        return self._planned

    async def _draw(self, number: int, expansion: Expansion) -> Candidate:
        """Let the model write one version."""
        sampling = Sampling(
            seed=self.options.seed * _SEED_STRIDE + number,
            temperature=(
                self.options.temperature if expansion.temperature is None else expansion.temperature
            ),
            max_tokens=self._max_tokens,
            stop=() if self._prompts.think else (FENCE_END,),
        )
        prompt = self._prompts.programmer(expansion.strategy, expansion.path)
        completion = await self._complete(prompt, sampling)
        self._drawn += 1
        self._written += completion.usage.generated
        self._longest = max(self._longest, completion.usage.generated)
        return Candidate(
            id=number,
            parent=expansion.path[-1].id if expansion.path else None,
            round=self.round,
            strategy=expansion.strategy.name,
            code=self._prompts.answer(completion.text, expansion.strategy, expansion.path),
            status=Status.SCREENED_OUT,
            conversation=self._prompts.conversation(prompt, completion.text),
            tokens=completion.usage.generated,
        )

    async def try_rules(self) -> None:
        """Try what rules make of a slow function, one on top of the other: it costs no tokens.

        Raises:
            Finished, EvaluationError: as ``expand``.
        """
        if not self._rules or self.task.intent is not Intent.OPTIMISE:
            return
        text, path = self.task.function.text, list[Candidate]()
        tried: set[str] = set()
        while len(tried) < _MOST_RULES:
            found = (each for each in diagnose(text) if each.rewrite and each.plan not in tried)
            finding = next(found, None)
            if finding is None:
                return
            tried.add(finding.plan)
            self._check_budgets()
            strategy = Strategy(f"{RULE}{finding.name}", finding.plan)
            prompt = self._prompts.programmer(strategy, path)
            answer = Message("assistant", f"```python\n{finding.rewrite.strip()}{FENCE_END}")
            drawn = Candidate(
                id=self._number(),
                parent=path[-1].id if path else None,
                round=self.round,
                strategy=strategy.name,
                code=finding.rewrite,
                status=Status.SCREENED_OUT,
                conversation=(*prompt.messages, answer),
            )
            await self._take(drawn)
            if self.candidates[-1].status is Status.VERIFIED:
                text, path = finding.rewrite, [*path, self.candidates[-1]]

    async def plan(self, steps: Sequence[str]) -> str:
        """Let the model add a step to a plan; the beginning of a sentence.

        Raises:
            Finished, EngineError: as ``expand``.
        """
        self._check_budgets()
        sampling = Sampling(
            seed=self.options.seed * _SEED_STRIDE + self._planned,
            temperature=self.options.temperature,
            max_tokens=_STEP_TOKENS,
            stop=("\n",),
        )
        completion = await self._complete(self._prompts.planner(steps), sampling)
        return " ".join(completion.text.split())

    async def _complete(self, prompt: Prompt, sampling: Sampling) -> Completion:
        completion = await self._engine.complete(prompt, sampling)
        self.usage += completion.usage
        return completion

    async def _take(self, drawn: Candidate) -> None:
        """Screen a drawn version, run it if it is worth it, and put it into the tree."""
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
        self.candidates.append(replace(candidate, seconds=self.seconds))
        self.report()

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
        if not self.budget.tokens or self.usage.generated < self.budget.tokens:
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
        found = await criticise(self._engine, self._prompts, candidate, seed)
        self.usage += found.usage
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
                tokens_per_second=self.usage.generated / max(self.seconds, 1e-9),
                seconds=self.seconds,
                seconds_left=self.seconds_left,
            )
        )
