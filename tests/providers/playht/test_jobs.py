"""Jobs that do not end well, and jobs that were paid for before."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from narrator.errors import BudgetExceeded, KeyMissing, ProviderError, RequestRefused, ServiceFailed
from narrator.providers.playht.service import MISSES
from narrator.spending import Ids
from tests.outside import RESET, Answer, Seen, said
from tests.providers.accounts import Notebook
from tests.providers.playht.asking import HASTY, at, request
from tests.providers.playht.jobs_server import PlayHTServer, refused, samples, sound

LATER = HASTY._replace(total_s=0.2)
"""Does not wait for a job."""


def made_before(server: PlayHTServer, text: str = "One.") -> Ids:
    """A job that somebody has made at the server and never fetched."""
    with closing(at(server)) as playht:
        return playht.generate(request(text))[0].ids


@pytest.mark.parametrize("follow", ["events", "polling"])
def test_a_job_that_fails_is_made_once_more(server: PlayHTServer, follow: str) -> None:
    server.fails = ["the model fell over"]
    account = Notebook()
    with closing(at(server, follow=follow)) as playht:
        (made,) = playht.generate(request("One."), account=account)
    assert np.array_equal(made.pcm, samples("One."))
    assert account.outcomes == ["broken", "answered"]
    assert account.reasons[0] == "the job failed: the model fell over"
    assert server.billed == 2


@pytest.mark.parametrize("follow", ["events", "polling"])
def test_but_not_often(server: PlayHTServer, follow: str) -> None:
    """What was perhaps billed has a small allowance."""
    server.fails = ["no", "no again", "and again"]
    account = Notebook()
    with closing(at(server, follow=follow)) as playht, pytest.raises(ServiceFailed) as caught:
        playht.generate(request("One."), account=account)
    assert str(caught.value) == (
        "playht: failed 2 times (2 of them may have been billed); the last time: the job failed: no again;"
        " run again later"
    )
    assert account.outcomes == ["broken", "broken"]
    assert server.billed == 2


def test_a_job_that_does_not_end_is_left_to_the_next_run(server: PlayHTServer) -> None:
    """It is not bought again: it may end yet."""
    server.busy = 1000
    account = Notebook()
    with closing(at(server, patience=LATER, follow="polling")) as playht:
        with pytest.raises(ServiceFailed, match=r"has not ended within 0\.2 s; the next run asks for it"):
            playht.generate(request("One."), account=account)
        (job,) = server.made.values()
        job.left = 0
        (found,) = playht.generate(request("One."), account=account)
    assert account.outcomes == ["broken"]
    assert [each.outcome for each in account.found] == ["answered"]
    assert found.ids == (("job", job.id),)
    assert server.billed == 1


def test_a_job_of_before_is_fetched_and_not_bought_again(server: PlayHTServer) -> None:
    """And costs what it cost then."""
    ids = made_before(server)
    account = Notebook(left=[ids])
    with closing(at(server, price_per_1000=5.0)) as playht:
        (made,) = playht.generate(request("One."), account=account)
    assert np.array_equal(made.pcm, samples("One."))
    assert made.ids == ids
    assert (made.characters, made.cost) == (0, 0.0)  # as the account had it
    assert account.written == []
    assert [each.outcome for each in account.found] == ["answered"]
    assert server.billed == 1


def test_jobs_of_before_are_fetched_one_by_one(server: PlayHTServer) -> None:
    """Each for a line of its own, the newest first."""
    left = [made_before(server), made_before(server)]
    account = Notebook(left=left)
    with closing(at(server)) as playht:
        for number, ids in enumerate(left, start=1):
            (made,) = playht.generate(request("One."), account=account)
            assert made.ids == ids
            assert [each.outcome for each in account.found] == ["answered"] * number
    assert account.written == []
    assert server.billed == 2


def test_where_one_job_of_before_is_gone_the_next_is_fetched(server: PlayHTServer) -> None:
    account = Notebook(left=[(("job", "f0gZrOKBKL7veJ6o1M"),), ids := made_before(server)])
    with closing(at(server)) as playht:
        (made,) = playht.generate(request("One."), account=account)
    assert made.ids == ids
    assert [each.ends for each in account.found] == [
        [("lost", "the service does not know the job any more")],
        [("answered", "")],
    ]
    assert server.billed == 1


def test_of_a_job_that_is_gone_a_new_one_is_made(server: PlayHTServer) -> None:
    """Jobs live for 48 hours; and one that has failed is no better."""
    server.fails = ["no"]
    failed = (("job", _made_and_failed(server)),)
    for left in (
        (("job", "f0gZrOKBKL7veJ6o1M"),),
        failed,
        (("job", "../../admin?x="),),
        (("generation", "g-1"),),
    ):
        account, before = Notebook(left=[left]), server.billed
        with closing(at(server)) as playht:
            (made,) = playht.generate(request("One."), account=account)
        assert made.ids != left
        assert [each.outcome for each in account.found] == ["lost"]
        assert account.outcomes == ["answered"]
        assert server.billed == before + 1
    assert not [seen for seen in server.seen if ".." in seen.path]


def _made_and_failed(server: PlayHTServer) -> str:
    with closing(at(server)) as playht:
        playht.generate(request("One."))
    return next(job.id for job in server.made.values() if "failed" in job.changes)


@pytest.mark.parametrize("steps", [[RESET] * 6, [said({"message": "x", "error": "y"}, status=503)] * 6])
def test_while_a_job_of_before_cannot_be_asked_for_nothing_is_bought(
    server: PlayHTServer, steps: list[Answer]
) -> None:
    account = Notebook(left=[made_before(server)])
    server.add(*steps)
    with closing(at(server)) as playht, pytest.raises(ServiceFailed):
        playht.generate(request("One."), account=account)
    assert [each.outcome for each in account.found] == ["lost"]
    assert server.billed == 1


PAGE = Answer(b"<html>404 Not Found<hr>nginx</html>", status=404, headers={"Content-Type": "text/html"})
FRAMEWORK = said({"statusCode": 404, "message": "Cannot GET /", "error": "Not Found"}, status=404)
OWN = refused(404, "Job not found")
GONE = Answer(b"", status=410)


@pytest.mark.parametrize("follow", ["events", "polling"])
@pytest.mark.parametrize("answer", [PAGE, FRAMEWORK, OWN, GONE], ids=["page", "framework", "own", "gone"])
@pytest.mark.parametrize("often", [1, MISSES - 1])
def test_a_job_that_is_not_found_at_first_is_asked_for_again(
    server: PlayHTServer, follow: str, answer: Answer, often: int
) -> None:
    """Whoever says so: it may not be known everywhere yet, or nothing be behind a gateway for a moment."""
    account = Notebook()
    server.add(server.answer, *[answer] * often)
    with closing(at(server, follow=follow)) as playht:
        (made,) = playht.generate(request("One."), account=account)
    assert np.array_equal(made.pcm, samples("One."))
    assert account.outcomes == ["answered"]
    assert server.billed == 1


def test_misses_count_only_in_a_row(server: PlayHTServer) -> None:
    server.busy = 2
    server.add(server.answer)
    for _ in range(3):
        server.add(*[OWN] * (MISSES - 1), server.answer)
    with closing(at(server, follow="polling")) as playht:
        playht.generate(request("One."), account=Notebook())
    assert server.billed == 1


@pytest.mark.parametrize("follow", ["events", "polling"])
def test_a_job_that_something_else_does_not_find_is_left_to_the_next_run(
    server: PlayHTServer, follow: str
) -> None:
    """Nothing is bought in its place, neither at once nor when it is asked for again."""
    account = Notebook()
    missing = [*[OWN] * MISSES, PAGE]
    with closing(at(server, follow=follow)) as playht:
        server.add(server.answer, *missing[-MISSES - (follow == "events") :])
        with pytest.raises(ServiceFailed, match="is not found, and it is not the service that says so"):
            playht.generate(request("One."), account=account)
        server.add(*[FRAMEWORK] * (MISSES + 1))
        with pytest.raises(ServiceFailed, match="the next run asks for it"):
            playht.generate(request("One."), account=account)
    assert account.outcomes == ["broken"]
    assert [each.outcome for each in account.found] == ["lost"]
    assert server.billed == 1


def test_a_job_that_the_service_itself_does_not_know_is_made_again(server: PlayHTServer) -> None:
    account = Notebook()
    server.add(server.answer, *[OWN] * MISSES)
    with closing(at(server, follow="polling")) as playht:
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["broken", "answered"]
    assert account.reasons[0] == "the service does not know the job any more"
    assert server.billed == 2


@pytest.mark.parametrize("follow", ["events", "polling"])
def test_what_is_told_of_another_job_is_not_taken_for_this_one(server: PlayHTServer, follow: str) -> None:
    """It is finished, its file is whole, and it says another line."""
    other = server.made[dict(made_before(server, "Another line altogether."))["job"]]
    told = Answer(server.event(other), headers={"Content-Type": "text/event-stream"})
    if follow == "polling":
        told = server.answer(Seen("GET", f"/api/v2/tts/{other.id}", {}, b"", 0, 0.0))
    server.add(server.answer, told)
    with closing(at(server, follow=follow)) as playht:
        (made,) = playht.generate(request("One."))
    assert np.array_equal(made.pcm, samples("One."))
    assert server.billed == 2


def test_a_budget_does_not_keep_a_job_of_before(server: PlayHTServer) -> None:
    """It is paid for already."""
    account = Notebook(left=[made_before(server)], allows=0, refusal=BudgetExceeded("no more"))
    with closing(at(server)) as playht:
        assert playht.generate(request("One."), account=account)
        with pytest.raises(BudgetExceeded):
            playht.generate(request("One."), account=account)
    assert server.billed == 1


# Files


WRONG: dict[str, dict[str, Any]] = {
    "more bytes than are said": {"size": 100},
    "fewer bytes than are said": {"size": 10_000_000},
    "longer than is said": {"duration": 0.01},
    "shorter than is said": {"duration": 60.0},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_a_file_that_is_not_what_it_should_be(server: PlayHTServer, changes: dict[str, Any]) -> None:
    server.changes = changes
    account = Notebook()
    with closing(at(server)) as playht, pytest.raises(ServiceFailed):
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["broken", "broken"]
    assert all("the file" in reason for reason in account.reasons)


FILES = {
    "a page": Answer(b"<html>Not here</html>"),
    "nothing": Answer(b""),
    "a header alone": Answer(sound("")[:44]),
    "far too little sound": Answer(sound("")[:44] + bytes(400)),
    "not there": Answer(b"", status=404),
    "kept back": Answer(b"<Error>AccessDenied</Error>", status=403),
}


LINE = "A line that is long enough for it to be plain that no such sound can hold all of it."


@pytest.mark.parametrize("follow", ["events", "polling"])
@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_used_is_fetched_again(server: PlayHTServer, file: Answer, follow: str) -> None:
    """It may not have been all there yet; the job is paid for."""
    server.changes = {"size": None, "duration": None}
    account = Notebook()
    server.add(server.answer, server.answer, file)
    with closing(at(server, follow=follow)) as playht:
        (made,) = playht.generate(request(LINE), account=account)
    assert np.array_equal(made.pcm, samples(LINE))
    assert account.outcomes == ["answered"]
    assert server.billed == 1


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_file_that_can_never_be_used_costs_another_job(server: PlayHTServer, file: Answer) -> None:
    server.changes = {"size": None, "duration": None}
    account = Notebook()

    def spoilt(seen: Seen) -> Answer:
        first = seen.path.startswith(f"/api/v2/files/{next(iter(server.made), '-')}")
        return file if first else server.answer(seen)

    server.add(*[spoilt] * 100)
    with closing(at(server)) as playht:
        (made,) = playht.generate(request(LINE), account=account)
    assert np.array_equal(made.pcm, samples(LINE))
    assert account.outcomes == ["broken", "answered"]
    assert server.billed == 2


def test_a_file_that_has_moved_is_fetched_from_where_it_is(server: PlayHTServer) -> None:
    """Addresses of files run out, and the job tells of another one."""
    account = Notebook()

    def moved(seen: Seen) -> Answer:
        answer = server.answer(seen)
        next(iter(server.made.values())).changes.clear()
        return answer

    server.changes = {"url": f"{server.url}/api/v2/files/none_0.wav"}
    server.add(server.answer, moved)
    with closing(at(server, follow="polling")) as playht:
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["answered"]
    assert server.billed == 1


def test_a_file_that_breaks_off_is_fetched_again(server: PlayHTServer) -> None:
    account = Notebook()
    server.add(server.answer, server.answer, Answer(sound("One."), cut=300), Answer(b"", status=503), RESET)
    with closing(at(server, patience=HASTY._replace(attempts=8))) as playht:
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["answered"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/a.wav",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.7/a.wav",
        "http://peregrine-results.s3.amazonaws.com/a.wav",
        "https://peregrine-results.s3.amazonaws.com.evil.example/a.wav",
        "https://peregrine-results.s3.amazonaws.com@evil.example/a.wav",
        "https://peregrine-results.s3.amazonaws.com:22/a.wav",
        "file:///etc/passwd",
        "ftp://play.ht/a.wav",
        "//play.ht/a.wav",
        "nonsense",
        "http://[::ffff:10.0.0.1]/a",
    ],
)
def test_files_are_fetched_from_where_files_belong(server: PlayHTServer, address: str) -> None:
    """Nothing is sent there, by an address or by a redirect; the job stays to be fetched."""
    account = Notebook()
    server.changes = {"url": address}
    with closing(at(server)) as playht:
        with pytest.raises(RequestRefused, match="is not fetched"):
            playht.generate(request("One."), account=account)
        assert account.outcomes == ["broken"]
        server.changes = {}
        if "://" in address:
            server.add(server.answer, server.answer, Answer(b"", status=302, headers={"Location": address}))
            with pytest.raises(RequestRefused, match="sends us on to"):
                playht.generate(request("Two."), account=Notebook())


def test_a_redirect_within_bounds_is_followed(server: PlayHTServer) -> None:
    with closing(at(server)) as playht:
        server.add(
            server.answer,
            server.answer,
            lambda seen: Answer(b"", status=307, headers={"Location": f"{seen.path}?signed=1#part"}),
        )
        (made,) = playht.generate(request("One."))
    assert np.array_equal(made.pcm, samples("One."))
    assert server.seen[-1].path.endswith("?signed=1")


def test_redirects_without_end_are_not(server: PlayHTServer) -> None:
    server.add(
        server.answer,
        server.answer,
        *[lambda seen: Answer(b"", status=302, headers={"Location": seen.path})] * 4,
        server.answer,
        *[lambda seen: Answer(b"", status=302, headers={"Location": seen.path})] * 4,
    )
    account = Notebook()
    with closing(at(server)) as playht:
        playht.generate(request("One."), account=account)
    assert account.reasons[0] == "more than 3 redirects"


def test_a_file_beyond_all_bounds_is_not_read(server: PlayHTServer) -> None:
    server.changes = {"size": None}
    small = HASTY._replace(body_bytes=1000)
    account = Notebook()
    with closing(at(server, patience=small)) as playht, pytest.raises(ServiceFailed):
        playht.generate(request("A line of some length."), account=account)
    assert account.reasons[0] == "the file is larger than 1,000 bytes"


# Refusals


@pytest.mark.parametrize(
    ("answer", "kind", "match"),
    [
        (said({"error_message": "no such voice", "error_id": "X"}, status=404), RequestRefused, "no such"),
        (said({"error_message": "speed is off"}, status=400), RequestRefused, "speed is off"),
        (said({"error_message": "You have no credits left"}, status=403), ProviderError, "out of credit"),
        (said({"error_message": "Unauthorized"}, status=401), KeyMissing, "PLAYHT_API_KEY"),
        (said("no plan", status=403), KeyMissing, "PLAYHT_API_KEY"),
        (Answer(b"plain words", status=415), RequestRefused, "plain words"),
    ],
)
def test_a_job_that_is_refused_costs_nothing(
    server: PlayHTServer, answer: Answer, kind: type[ProviderError], match: str
) -> None:
    account = Notebook()
    server.add(answer)
    with closing(at(server)) as playht, pytest.raises(kind, match=match):
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["refused"]
    assert server.billed == 0


def test_too_many_requests_are_waited_for(server: PlayHTServer) -> None:
    account = Notebook()
    server.add(said("Rate limit exceeded for your plan", status=429))
    with closing(at(server)) as playht:
        playht.generate(request("One."), account=account)
    assert account.outcomes == ["refused", "answered"]
