"""The catalogue: what is shipped is sound, and what is wrong is named."""

from __future__ import annotations

import pytest
from models_support import WHEEL_SOURCE, entry

from orps_lsp.models import CatalogueError, Choice, HuggingFace, Wheels, catalogue
from orps_lsp.models.catalog_file import parse_catalogue


def test_shipped_catalogue_has_the_models_smallest_first() -> None:
    assert [model.name for model in catalogue()] == [
        "smollm2-135m",
        "qwen2.5-coder-0.5b",
        "qwen2.5-coder-1.5b",
        "qwen2.5-coder-3b",
        "qwen2.5-coder-7b",
        "qwen2.5-coder-14b",
    ]
    assert all(isinstance(model.sources[0], HuggingFace) for model in catalogue())
    assert all(isinstance(model.sources[1], Wheels) for model in catalogue()[:2])


def test_nothing_is_fetched_unasked_that_is_not_free_to_use() -> None:
    unasked = [model for model in catalogue() if model.choice is Choice.AUTOMATIC]
    assert unasked
    assert {model.licence for model in unasked} == {"Apache-2.0"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "not valid TOML"),
        ("tiny = 1", "[tiny]: must be a table"),
        (entry("Tiny"), "lower case"),
        (entry("auto"), "not 'auto'"),
        (entry(file='"../tiny.gguf"'), "'file' must be a file name"),
        (entry(file='"tiny.bin"'), "ends in .gguf"),
        (entry(size=-1), "'size' must be a number of bytes, not -1"),
        (entry(size="true"), "'size'"),
        (entry(parameters='"big"'), "'parameters'"),
        (entry(choice='"sometimes"'), "'choice' must be one of automatic, present, never"),
        (entry(licence='""'), "'licence'"),
        (entry(digest="abc"), "'sha256' must be 64 hexadecimal digits"),
        (entry(colour='"red"'), "unknown field 'colour'"),
        (entry(sources=()), "'sources' must be a list of at least one"),
        (entry(sources=('{ kind = "ftp" }',)), "source 1: 'kind' must be"),
        (entry(sources=('{ kind = "huggingface", repo = "x" }',)), "'repo' must be owner/name"),
        (entry(sources=(WHEEL_SOURCE.replace("==1.0", ">=1"),)), "'packages'"),
        (entry(sources=(WHEEL_SOURCE.replace("tiny-part1==1.0", "--pre==1.0"),)), "'packages'"),
        (entry(sources=(WHEEL_SOURCE.replace('"tiny_part1/data/1.bin", ', ""),)), "'members'"),
        (entry(digest=None), "wheels needs a 'sha256'"),
        (entry() + entry("other", file='"tiny.gguf"'), "more than one entry"),
        (entry(choice='"never"'), "no entry has choice = 'automatic'"),
        (entry(title="1"), "[tiny]: 'title' must be a text, not 1"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_place(text: str, complaint: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text)
    assert complaint in caught.value.message


def test_a_missing_field_is_named() -> None:
    text = entry().replace("licence", "license")
    with pytest.raises(CatalogueError, match="'licence' must be a text, not None"):
        parse_catalogue(text)
