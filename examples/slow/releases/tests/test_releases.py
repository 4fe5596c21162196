from __future__ import annotations

from releases import is_stable, latest, newest_first, version_key


def test_a_tag_is_compared_by_its_numbers() -> None:
    assert version_key("v1.10.2") == (1, 10, 2)
    assert version_key("2.0-rc.1") == (2, 0, -1, 1)


def test_no_tags() -> None:
    assert newest_first([]) == []
    assert latest([]) is None


def test_one_tag() -> None:
    assert newest_first(["v1.0"]) == ["v1.0"]


def test_numbers_are_not_compared_as_texts() -> None:
    assert newest_first(["v1.9", "v1.10", "v1.2"]) == ["v1.10", "v1.9", "v1.2"]


def test_the_longer_version_is_newer() -> None:
    assert newest_first(["v1.2", "v1.2.1"]) == ["v1.2.1", "v1.2"]


def test_tags_of_one_version_stay_in_order() -> None:
    assert newest_first(["1.0", "v1.0", "v2.0"]) == ["v2.0", "1.0", "v1.0"]
    assert newest_first(["v1.0", "v2.0", "1.0"]) == ["v2.0", "v1.0", "1.0"]


def test_other_tags_come_last() -> None:
    assert newest_first(["nightly", "v0.1"]) == ["v0.1", "nightly"]


def test_the_tags_are_left_as_they_are() -> None:
    tags = ["v1", "v2"]
    newest_first(tags)
    assert tags == ["v1", "v2"]


def test_candidates_are_not_stable() -> None:
    assert is_stable("v1.0")
    assert not is_stable("v1.0-rc.2")


def test_the_latest_is_a_stable_one() -> None:
    assert latest(["v1.0", "v1.1-rc.1", "v0.9"]) == "v1.0"
    assert latest(["nightly"]) is None


def test_a_project_with_many_releases() -> None:
    tags = [f"v{n * 7 % 5}.{n * 11 % 13}.{n}" for n in range(90)]
    ordered = newest_first(tags)
    assert ordered[:2] == ["v4.12.72", "v4.12.7"]
    assert ordered[-2:] == ["v0.0.65", "v0.0.0"]
    assert sorted(ordered) == sorted(tags)
