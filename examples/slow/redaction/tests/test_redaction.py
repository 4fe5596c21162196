from __future__ import annotations

import pytest

from redaction import known_secrets, redact


def test_secrets_are_found_by_their_names() -> None:
    environment = {"HOME": "/root", "api_token": "t0k3n", "DB_PASSWORD": "pw", "KEYBOARD": "de"}
    assert known_secrets(environment) == ["t0k3n", "pw"]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("login with s3cret", "login with [redacted]"),
        ("s3crets3cret", "[redacted][redacted]"),
        ("nothing here", "nothing here"),
        ("", ""),
        ("S3CRET is another", "S3CRET is another"),
    ],
)
def test_a_secret_is_masked_wherever_it_is(message: str, expected: str) -> None:
    assert redact([message], ["s3cret"]) == [expected]


def test_no_secrets_change_nothing() -> None:
    assert redact(["a", "b"], []) == ["a", "b"]


def test_no_messages() -> None:
    assert redact([], ["s3cret"]) == []


def test_signs_in_a_secret_mean_themselves() -> None:
    assert redact(["a.b+c axb+c"], ["a.b+c"]) == ["[redacted] axb+c"]
    assert redact(["(x|y)\\d"], ["(x|y)\\d"]) == ["[redacted]"]


def test_the_longest_secret_goes_first() -> None:
    assert redact(["hunter2000 hunter2"], ["hunter2", "hunter2000"]) == ["[redacted] [redacted]"]


def test_an_unset_variable_is_no_secret() -> None:
    assert redact(["abc"], [""]) == ["abc"]


def test_messages_may_come_from_a_generator() -> None:
    assert redact((f"key {n}" for n in range(3)), ["key 1"]) == ["key 0", "[redacted]", "key 2"]


def test_a_busy_log() -> None:
    secrets = [f"token-{n:04d}-{n * 7919 % 10007:05d}" for n in range(40)]
    messages = [f"request {n} signed by {secrets[n % 60 % 40]} from 10.0.0.{n}" for n in range(120)]
    masked = redact(messages, secrets)
    assert masked == [f"request {n} signed by [redacted] from 10.0.0.{n}" for n in range(120)]
