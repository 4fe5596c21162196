from __future__ import annotations

from help_index import Article, build_index, search, tokenise

PASSWORD = Article("reset-password", "Reset your password", "Open the settings and choose Reset.")
INVOICES = Article("invoices", "Where are my invoices?", "Invoices are in the settings.")
TEAM = Article("add-team", "Add a team", "")


def test_words_are_lower_case_and_without_stop_words() -> None:
    assert tokenise("The Quick-Start, for 2 users!") == ["quick", "start", "2", "users"]


def test_no_articles_make_an_empty_index() -> None:
    assert build_index([]) == {}


def test_title_and_body_count_alike() -> None:
    index = build_index([PASSWORD])
    assert index["password"] == ["reset-password"]
    assert index["settings"] == ["reset-password"]


def test_an_article_is_listed_once_for_a_word() -> None:
    assert build_index([PASSWORD])["reset"] == ["reset-password"]


def test_words_and_slugs_are_sorted() -> None:
    index = build_index([PASSWORD, INVOICES])
    assert list(index) == sorted(index)
    assert index["settings"] == ["invoices", "reset-password"]


def test_stop_words_are_not_indexed() -> None:
    assert "the" not in build_index([PASSWORD, INVOICES])


def test_an_article_may_have_no_body() -> None:
    assert build_index([TEAM]) == {"add": ["add-team"], "team": ["add-team"]}


def test_an_article_without_words_is_in_no_list() -> None:
    assert build_index([Article("empty", "?", "...")]) == {}


def test_search_wants_every_word() -> None:
    index = build_index([PASSWORD, INVOICES, TEAM])
    assert search(index, "settings") == ["invoices", "reset-password"]
    assert search(index, "invoices settings") == ["invoices"]
    assert search(index, "invoices team") == []
    assert search(index, "the") == []


def test_a_help_centre() -> None:
    articles = [
        Article(f"article-{n:02d}", f"Step {n % 7}", f"topic{n % 11} key{n * 5 % 23} common")
        for n in range(30)
    ]
    index = build_index(articles)
    assert index["common"] == [f"article-{n:02d}" for n in range(30)]
    assert index["topic3"] == ["article-03", "article-14", "article-25"]
    assert len(index) == 7 + 11 + 23 + 2
