"""A comparison as one HTML page with pictures: no script, no request."""

from __future__ import annotations

import jinja2

from orps_lsp.bench.tasks import plots
from orps_lsp.bench.tasks.compare import Comparison


def render(comparison: Comparison) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("orps_lsp.bench.tasks", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    groups = comparison.groups
    return environment.get_template("page.html.j2").render(
        groups=groups,
        pairs=list(zip(groups[1:], comparison.against_first, strict=True)),
        pictures=[
            draw(groups).as_str() for draw in (plots.pass_rate, plots.per_round, plots.losses)
        ],
    )
