"""Find stretches that two DNA sequences have in common.

A long shared stretch is a candidate for a primer that works on both
samples.  Sequences may come in lower case and with blanks or line breaks,
as they are copied from reports.
"""

from __future__ import annotations

from dataclasses import dataclass

BASES = "ACGT"
COMPLEMENT = str.maketrans("ACGT", "TGCA")
MIN_PRIMER = 4


@dataclass(frozen=True)
class Shared:
    """A shared stretch and where it begins in both sequences (from 0)."""

    bases: str
    first_at: int
    second_at: int


def clean(sequence: str) -> str:
    """Upper case without white space; raises ValueError for other letters."""
    bases = "".join(sequence.split()).upper()
    for base in bases:
        if base not in BASES:
            raise ValueError(f"not a base: {base!r}")
    return bases


def reverse_complement(sequence: str) -> str:
    """The opposite strand of a sequence, in reading direction."""
    return clean(sequence).translate(COMPLEMENT)[::-1]


def melting_point(bases: str) -> int:
    """Rough melting point in degrees Celsius by the Wallace rule."""
    strong = bases.count("G") + bases.count("C")
    return 4 * strong + 2 * (len(bases) - strong)


def longest_shared(first: str, second: str) -> Shared | None:
    """Return the longest stretch that occurs in both sequences.

    Positions refer to the cleaned sequences.  Of equally long stretches the
    one that begins first in the first sequence is returned, with its first
    place in the second.  None if nothing is shared.  Raises ValueError if a
    sequence holds anything but bases and white space.
    """
    one = clean(first)
    two = clean(second)
    best = None
    for start in range(len(one)):
        for end in range(start + 1, len(one) + 1):
            stretch = one[start:end]
            if stretch in two and (best is None or len(stretch) > len(best.bases)):
                best = Shared(stretch, start, two.find(stretch))
    return best


def primer_candidate(first: str, second: str) -> str | None:
    """The longest shared stretch if it is long enough for a primer."""
    shared = longest_shared(first, second)
    if shared is None or len(shared.bases) < MIN_PRIMER:
        return None
    return shared.bases
