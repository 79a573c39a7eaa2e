"""Keys and addresses of services."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import NamedTuple

import pytest

from narrator.errors import ConfigurationError, KeyMissing
from narrator.providers.conversation import Conversation, Identity, key_for, transport
from narrator.transport import Patience

SAID = Identity("speech", "SPEECH_KEY", "SPEECH_BASE_URL", "it is to end in May")


class At(NamedTuple):
    """Settings."""

    base_url: str
    concurrency: int = 1


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("http://127.0.0.1:8900", True),
        ("http://127.8.8.8", True),
        ("http://localhost", True),
        ("http://LOCALHOST", True),
        ("http://hume.localhost:1", True),
        ("http://[::1]:8900", True),
        ("https://api.hume.ai", False),
        ("http://10.0.0.1", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
    ],
)
def test_a_server_on_this_machine_needs_no_key(address: str, near: bool) -> None:
    if near:
        assert key_for(SAID, At(address), {}) == ""
    else:
        with pytest.raises(KeyMissing, match=r"SPEECH_KEY.*it is to end in May"):
            key_for(SAID, At(address), {"SPEECH_KEY": " \n"})
    assert key_for(SAID, At(address), {"SPEECH_KEY": " sesame-7\n"}) == "sesame-7"
    assert key_for(SAID, At(address), {"SPEECH_USER": "me"}, variable="SPEECH_USER") == "me"


@pytest.mark.parametrize(
    ("environment", "told"), [({}, False), ({"SPEECH_BASE_URL": "http://far.example"}, True)]
)
def test_an_address_from_the_environment_is_blamed_on_it(environment: Mapping[str, str], told: bool) -> None:
    with pytest.raises(ConfigurationError, match="unprotected") as caught:
        transport(SAID, At("http://far.example"), environment, Patience(), headers={"X-Key": "sesame-7"})

    assert ("SPEECH_BASE_URL" in str(caught.value)) is told
    assert ("book.yaml" in str(caught.value)) is not told
    assert "sesame-7" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "environment", "told"),
    [
        ("https://speech.example", {"KEY": "sesame-7"}, False),
        ("https://evil.example/v1", {"KEY": "sesame-7"}, True),
        ("https://evil.example/v1", {"KEY": "sesame-7", "SPEECH_BASE_URL": "https://evil.example/v1"}, False),
        ("http://127.0.0.1:9", {"KEY": "sesame-7"}, False),
        ("http://127.0.0.1:9", {}, False),
    ],
)
def test_a_key_that_a_book_sends_elsewhere_is_told_of(
    address: str, environment: Mapping[str, str], told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A project may come from anybody, and its `base_url` with it."""
    ours = SAID._replace(key_variable="KEY", service="https://speech.example")
    Conversation(ours, At(address), environment, Patience(), key_header="X-Key").close()
    assert [record.getMessage() for record in caplog.records] == (
        [
            "speech: the key in KEY goes to evil.example, as `base_url` in book.yaml says, and not to the"
            " service itself"
        ]
        if told
        else []
    )


def test_a_conversation_knows_whether_it_has_a_key() -> None:
    for environment, keyed in (({}, False), ({"SPEECH_KEY": "sesame-7"}, True)):
        with closing(
            Conversation(SAID, At("http://127.0.0.1:9"), environment, Patience(), key_header="X-Key")
        ) as it:
            assert it.keyed is keyed
            assert it.requests == 0
            assert it.redaction.text("the key sesame-7") == ("the key ***" if keyed else "the key sesame-7")
