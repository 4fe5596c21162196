"""Critical path of a build whose tasks depend on each other.

The build server reads the plan to tell which chain of tasks decides how
long a build takes with enough workers.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Task:
    """A task, how long it takes and which tasks must be finished before."""

    name: str
    minutes: int
    needs: tuple[str, ...] = ()


@dataclass
class BuildPlan:
    """The tasks of a build by name."""

    tasks: dict[str, Task] = field(default_factory=dict)

    def add(self, name: str, minutes: int, *needs: str) -> None:
        """Add a task; needs may name tasks that are added later."""
        if minutes < 0:
            raise ValueError("minutes must not be negative")
        if name in self.tasks:
            raise ValueError(f"task {name} exists")
        self.tasks[name] = Task(name, minutes, needs)

    def critical_path(self) -> list[str]:
        """Return the names of the chain of tasks that takes longest.

        The chain starts with its first task; each task needs the one before
        it.  On ties the end task that was added first wins, and of the
        needs of a task the one that is listed first; a need is part of the
        chain even if it takes 0 minutes.  No tasks give an empty list.
        Raises ValueError for an unknown need and for a circular one.
        """
        def longest(name: str, trail: tuple[str, ...]) -> tuple[int, list[str]]:
            if name in trail:
                raise ValueError(f"{name} needs itself")
            if name not in self.tasks:
                raise ValueError(f"unknown task {name}")
            best_minutes, best_chain = -1, []
            for need in self.tasks[name].needs:
                minutes, chain = longest(need, trail + (name,))
                if minutes > best_minutes:
                    best_minutes, best_chain = minutes, chain
            return max(best_minutes, 0) + self.tasks[name].minutes, best_chain + [name]

        result: tuple[int, list[str]] = (-1, [])
        for name in self.tasks:
            candidate = longest(name, ())
            if candidate[0] > result[0]:
                result = candidate
        return result[1]

    def duration(self) -> int:
        """Minutes the build takes with any number of workers."""
        return sum(self.tasks[name].minutes for name in self.critical_path())


def parse_plan(text: str) -> BuildPlan:
    """Read lines 'NAME MINUTES [NEED ...]'."""
    plan = BuildPlan()
    for line in text.splitlines():
        if line.strip():
            name, minutes, *needs = line.split()
            plan.add(name, int(minutes), *needs)
    return plan
