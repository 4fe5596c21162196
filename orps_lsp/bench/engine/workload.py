"""The prompts that are measured."""

from __future__ import annotations

import itertools
import random

from orps_lsp.llm.protocol import Engine, Message, Prompt, Sampling

_FUNCTION = '''\
def count_pairs(nums: list[int], target: int) -> int:
    """Return the number of pairs (i < j) with nums[i] + nums[j] == target."""
    count = 0
    for i in range(len(nums)):
        for j in range(i + 1, len(nums)):
            if nums[i] + nums[j] == target:
                count += 1
    return count
'''
_ASK = "Make this function faster. Reply with one Python code block."
_SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve", "wi", "zo")
_numbers = itertools.count(1)


def short_prompt(*, fresh: bool = False) -> Prompt:
    """A small function to be improved, about 124 tokens; ``fresh``: no other one begins like it."""
    number = f"{next(_numbers)}: " if fresh else ""
    system = f"{number}You are a Python expert."
    user = f"{_ASK}\n```python\n{_FUNCTION}```"
    return Prompt((Message("system", system), Message("user", user)), "```python\n")


def sampling(seed: int, tokens: int) -> Sampling:
    """What a search samples with, to an equal length."""
    return Sampling(seed=seed, max_tokens=tokens, ignore_eos=True)


async def unread_prompt(engine: Engine, tokens: int) -> Prompt:
    """A prompt of about ``tokens`` tokens that shares no more than the template's first ones."""
    number = next(_numbers)
    draw = random.Random(number)
    words = ["".join(draw.choices(_SYLLABLES, k=2)) for _ in range(tokens)]

    def prompt(count: int) -> Prompt:
        return Prompt((Message("user", f"{number} {' '.join(words[:count])}"),))

    few, many = tokens // 8, tokens // 4
    low, high = [await engine.count_tokens(prompt(count)) for count in (few, many)]
    return prompt(round(few + (tokens - low) * (many - few) / (high - low)))
