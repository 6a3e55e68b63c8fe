"""Points that clients sent and that were not kept. Those of the data server: test_data_server."""

from __future__ import annotations

import hashlib
import json

import pytest

from harness.client import Client, Json, accepted, eventually, nanos, only
from sweeps import sweep


@pytest.fixture(scope="module")
def api(own: Client) -> Client:
    """Whose discards are none of others."""
    return own


def discards(api: Client, **query: Json) -> list[Json]:
    return api.rows("/admin/discards", limit=1000, **query)


def post_wrong(api: Client, name: str, *wrong: str) -> str:
    """Posts points as they are written, and tells the batch."""
    answer = accepted(api.post(f'[{{"name":"{name}","t":1,"v":1}},{",".join(wrong)}]'))
    assert (answer["accepted"], answer["rejected"]) == (1, len(wrong))
    batch: str = answer["batch"]
    return batch


def test_a_discard_keeps_what_came_verbatim(api: Client, name: str) -> None:
    wrong = f'{{ "name" : "{name}",\n  "t": 7, "v": "1.50", "tags": ["é", "\\u00e9"] }}'
    batch = post_wrong(api, name, wrong)

    def check() -> Json:
        row = only(discards(api, series=name))
        return row

    row = eventually(check)
    assert nanos(row.pop("received")) > 1_700_000_000 * 10**9
    assert row.pop("detail")
    assert row == {
        "id": f"{batch}-1",
        "source": "api",
        "series": name,
        "time": "1970-01-01T00:00:07Z",
        "value": None,
        "reasons": ["malformed"],
        "payload": wrong,
        "replayed": None,
    }


def test_a_discard_names_each_reason_once(api: Client, name: str) -> None:
    post_wrong(api, name, f'{{"name":"{name}","t":"soon","v":1e400,"tags":1,"unit":"kWh"}}')

    def check() -> None:
        row = only(discards(api, series=name))
        assert row["reasons"] == ["malformed", "not_finite"]

    eventually(check)


def test_a_csv_row_is_kept_as_its_line(api: Client, name: str) -> None:
    accepted(api.post(f'name,t,v\n{name},1,1\n{name},2,"two"\n', content_type="text/csv"))

    def check() -> None:
        row = only(discards(api, series=name))
        assert row["payload"] == f'{name},2,"two"'

    eventually(check)


def test_a_long_payload_is_kept_by_its_beginning_length_and_digest(api: Client, name: str) -> None:
    wrong = json.dumps({"name": name, "t": 1, "v": "x" * 100_000})
    post_wrong(api, name, wrong)

    def check() -> Json:
        row = only(discards(api, series=name))
        return row

    row = eventually(check)
    assert row["payload"] == wrong[: 64 * 1024]
    assert row["payload_length"] == len(wrong)
    assert row["payload_sha256"] == hashlib.sha256(wrong.encode()).hexdigest()


def test_discards_are_filtered_by_series_source_and_reason(api: Client, name: str) -> None:
    malformed, infinite = f'{{"name":"{name}","t":1}}', f'{{"name":"{name}","t":1,"v":1e999}}'
    post_wrong(api, name, malformed, infinite)

    def payloads(**query: Json) -> list[str]:
        return [row["payload"] for row in discards(api, series=name, **query)]

    def check() -> None:
        assert sorted(payloads()) == sorted([malformed, infinite])

    eventually(check)
    assert payloads(reason="malformed") == [malformed]
    assert payloads(reason="not_finite", source="api") == [infinite]
    assert payloads(source="data-server") == []
    assert discards(api, series=f"{name}.other") == []


def test_discards_are_paged_newest_first(api: Client, name: str) -> None:
    for _ in range(3):
        post_wrong(api, name, *[f'{{"name":"{name}","t":{t},"v":"x"}}' for t in range(5)])

    def check() -> None:
        assert len(discards(api, series=name)) == 15

    eventually(check)
    pages = list(api.pages("/admin/discards", series=name, limit=4))
    assert [len(page) for page in pages] == [4, 4, 4, 3]
    rows = [row for page in pages for row in page]
    assert rows == discards(api, series=name)
    assert len({row["id"] for row in rows}) == 15
    received = [nanos(row["received"]) for row in rows]
    assert received == sorted(received, reverse=True)


def test_the_summary_is_of_a_time_of_receipt(api: Client, name: str) -> None:
    post_wrong(api, name, f'{{"name":"{name}","t":1,"v":null}}')

    def check() -> str:
        row = only(discards(api, series=name))
        return str(row["received"])

    received = eventually(check)
    one = {"count": 1, "by_reason": {"malformed": 1}}
    summary = api.json("/admin/discards/summary", from_=received, to=received)
    assert summary == one | {"by_source": {"api": one}}
    nothing = api.json("/admin/discards/summary", to="1990-01-01")
    assert nothing == {"count": 0, "by_reason": {}, "by_source": {}}


def test_posting_a_wrong_point_twice_makes_two_discards(api: Client, name: str) -> None:
    wrong = f'{{"name":"{name}","t":1,"v":true}}'
    assert post_wrong(api, name, wrong) != post_wrong(api, name, wrong)

    def check() -> None:
        assert len(discards(api, series=name)) == 2

    eventually(check)


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "reason=old",
            "reason=",
            "source=Me",
            "series=..",
            "from=2&to=1",
            "limit=0",
            "cursor=x",
            "tag=x",
        ],
        "reason=old",
    ),
)
def test_wrong_parameters_are_refused(api: Client, query: str) -> None:
    assert api.get(f"/admin/discards?{query}").status_code == 400


def test_the_summary_refuses_wrong_parameters(api: Client) -> None:
    for query in ("from=2&to=1", "from=x", "reason=too_old"):
        assert api.get(f"/admin/discards/summary?{query}").status_code == 400
