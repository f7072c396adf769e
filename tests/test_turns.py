"""Many at once: a bounded number, each partner its share, and nobody is lost or kept out by another."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.limits import Limits
from gateway.turns import Turns
from resolvers.errors import RequestError
from tests.stand_in import OTHER, TOKEN, Answer, Door, door

PARTNERS = ("coop", "city", "poste")


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(PARTNERS), st.integers(0, 3), st.sampled_from(("ends", "fails", "leaves early"))),
        max_size=40,
    ),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(1, 8),
)
def test_every_turn_is_given_back_and_none_is_given_twice(
    wanted: Sequence[tuple[str, int, str]], concurrent: int, share: int, waiting: int
) -> None:
    running: Counter[str] = Counter()
    ends: Counter[str] = Counter()

    async def one(turns: Turns, partner: str, steps: int, how: str) -> None:
        if not turns.take(partner):
            try:
                await turns.wait(partner)
            except RequestError as refused:
                ends[refused.code] += 1
                assert refused.headers["Retry-After"] == "1"
                assert refused.status == {"TOO_MANY_REQUESTS": 429, "OVERLOADED": 503}[refused.code]
                return
        running[partner] += 1
        assert running.total() <= concurrent
        assert running[partner] <= min(share, concurrent)
        try:
            for _ in range(steps):
                await asyncio.sleep(0)
            if how == "fails":
                raise ZeroDivisionError
        finally:
            running[partner] -= 1
            turns.leave(partner)
        ends["done"] += 1

    async def all_of_them() -> None:
        turns = Turns(Limits(concurrent=concurrent, share=share, waiting=waiting))
        tasks = []
        for number, (partner, steps, how) in enumerate(wanted):
            tasks.append(asyncio.create_task(one(turns, partner, steps, how)))
            if number % 3 == 0:
                await asyncio.sleep(0)
            if how == "leaves early":
                tasks[number // 2].cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
        assert [task for task in tasks if not task.cancelled() and isinstance(task.exception(), AssertionError)] == []
        assert not running.total()
        # Whatever happened, all turns are there again.
        for partner in PARTNERS:
            free = 0
            while turns.take(partner):
                free += 1
            assert free == min(share, concurrent)
            for _ in range(free):
                turns.leave(partner)

    asyncio.run(all_of_them())


async def _queue(turns: Turns, partner: str, order: list[str]) -> None:
    try:
        if not turns.take(partner):
            await turns.wait(partner)
    except RequestError as refused:
        order.append(f"{partner} {refused.code}")
        return
    order.append(partner)
    await asyncio.sleep(0)
    turns.leave(partner)


async def test_partners_come_in_turn_however_many_one_of_them_sends() -> None:
    turns, order = Turns(Limits(concurrent=1, share=1, waiting=100)), list[str]()
    assert turns.take("held")
    tasks = [asyncio.create_task(_queue(turns, each, order)) for each in ["coop"] * 6 + ["city"] * 2 + ["poste"]]
    await asyncio.sleep(0)
    turns.leave("held")
    await asyncio.gather(*tasks)
    assert order == ["coop", "city", "poste", "coop", "city", "coop", "coop", "coop", "coop"]


async def test_where_too_many_wait_the_greediest_is_refused() -> None:
    turns, order = Turns(Limits(concurrent=1, share=1, waiting=4)), list[str]()
    assert turns.take("held")
    asked = ["coop"] * 5 + ["city"] * 2 + ["poste"]
    tasks = []
    for each in asked:
        tasks.append(asyncio.create_task(_queue(turns, each, order)))
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    # The fifth of coop; its fourth for the first of city, its third for poste; the second of city found room for none.
    refused = [each for each in order if " " in each]
    assert Counter(refused)["coop TOO_MANY_REQUESTS"] >= 2
    assert not any("poste" in each for each in refused)
    turns.leave("held")
    await asyncio.gather(*tasks)
    assert {"coop", "city", "poste"} <= set(order)


async def test_where_all_have_their_share_it_is_the_gateway_that_is_full() -> None:
    turns, order = Turns(Limits(concurrent=1, share=1, waiting=2)), list[str]()
    assert turns.take("coop")
    for each in ("city", "poste"):
        task = asyncio.create_task(_queue(turns, each, order))
        await asyncio.sleep(0)
        assert not task.done()
    with pytest.raises(RequestError) as refused:
        await turns.wait("another")
    assert (refused.value.code, refused.value.status) == ("OVERLOADED", 503)


def _ask(gate: Door, token: str, query: str) -> Answer:
    body = json.dumps({"query": query}).encode()
    return gate.ask(body=body, token=token, content_type="application/json")


def test_a_partner_that_floods_keeps_no_other_out() -> None:
    with door(Limits(concurrent=4, share=3, waiting=6)) as gate:
        answers: list[Answer] = []
        flood = [
            threading.Thread(target=lambda: answers.append(_ask(gate, TOKEN, "{ wait(seconds: 1.5) }")))
            for _ in range(20)
        ]
        for each in flood:
            each.start()
        time.sleep(0.7)
        began = time.monotonic()
        assert _ask(gate, OTHER, "{ hello }").json == {"data": {"hello": "hello world"}}
        assert time.monotonic() - began < 0.5
        for each in flood:
            each.join()
        codes = Counter((answer.status, answer.headers.get("retry-after")) for answer in answers)
        assert codes.keys() == {(200, None), (429, "1")} or codes.keys() == {(200, None), (503, "1")}
        assert codes[200, None] == 9
        assert _ask(gate, TOKEN, "{ hello }").status == 200
