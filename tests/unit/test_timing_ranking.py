"""What `orps-lsp bench evaluate` says of the measurement."""

from __future__ import annotations

from orps_lsp.bench.evaluate import ranking
from orps_lsp.bench.evaluate.ranking import Ranking, Trials
from orps_lsp.evaluation.protocol import Speedup

FASTER = Speedup(1.1, 1.05, 1.15, 12)
EQUAL = Speedup(1.0, 0.97, 1.03, 12)
SLOWER = Speedup(0.9, 0.85, 0.95, 18)


def test_shares_count_claims_by_factor() -> None:
    found = Ranking(
        (
            Trials(1.0, (EQUAL, EQUAL, FASTER, SLOWER), 0.5),
            Trials(1.05, (FASTER, EQUAL), 0.5),
            Trials(1.1, (FASTER,), 0.5),
        )
    )
    assert found.to_json() == {"1.05": 0.5, "1.10": 1.0, "clone_called_faster": 0.25}
    assert found.lines()[0] == (
        "clone: called faster in 25.0%, slower in 25.0% of 4; median 1.000x, 12 pairs, 0.50 s"
    )


async def test_the_real_measurement_is_ranked() -> None:
    heard: list[str] = []
    found = await ranking.rank(1, heard.append)
    assert set(found.to_json()) == {"1.05", "1.10", "2.00", "clone_called_faster"}
    assert [each.factor for each in found.trials] == list(ranking.FACTORS)
    assert found.to_json()["2.00"] == 1.0
    assert heard == ["ranking: 0/1"]
