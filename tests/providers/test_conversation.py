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


def test_a_conversation_knows_whether_it_has_a_key() -> None:
    for environment, keyed in (({}, False), ({"SPEECH_KEY": "sesame-7"}, True)):
        with closing(
            Conversation(SAID, At("http://127.0.0.1:9"), environment, Patience(), key_header="X-Key")
        ) as it:
            assert it.keyed is keyed
            assert it.requests == 0
            assert it.redaction.text("the key sesame-7") == ("the key ***" if keyed else "the key sesame-7")
