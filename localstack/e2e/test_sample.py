"""The customer's sample, verbatim, and the answers it must give."""

import httpx
import pytest

from harness.client import Client, accepted, eventually

#: The examples of the README write to the same series, and delete them, too.
pytestmark = [pytest.mark.points, pytest.mark.xdist_group("examples")]

SAMPLE = """[
    { "name": "example1", "t": 13515551, "v": 1.1 },
    { "name": "example1", "t": 13515552, "v": 2.4 },
    { "name": "example1", "t": 13515553, "v": 3.5 },
    { "name": "example2", "t": 13515554, "v": 1.5 },
    { "name": "example2", "t": 13515555, "v": 2.5 },
]
"""


@pytest.fixture(autouse=True)
def only_the_sample(api: Client) -> None:
    """The sample's series hold nothing else, whoever else wrote to them."""
    for name in ("example1", "example2"):
        assert api.request("DELETE", f"/api/{name}").status_code in (204, 404)


def test_the_sample_posts_with_its_trailing_comma(api: Client) -> None:
    answer = accepted(api.post(SAMPLE))
    batch = answer.pop("batch")
    assert isinstance(batch, str)
    assert batch
    assert answer == {"accepted": 5, "rejected": 0}


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("", '{"avg":2.3333333333333335,"sum":7}'),
        ("?decimals=2", '{"avg":2.33,"sum":7}'),
        ("?decimals=2&from=13515551&to=13515553", '{"avg":2.33,"sum":7}'),
        ("?decimals=2&start=13515551&end=13515553", '{"avg":2.33,"sum":7}'),
        ("?decimals=2&from=13515552", '{"avg":2.95,"sum":5.9}'),
        ("?from=1970-06-06T10:19:12Z&to=1970-06-06T11:19:12%2B01:00", '{"avg":2.4,"sum":2.4}'),
        ("?from=13515554", '{"avg":null,"sum":0}'),
    ],
)
def test_the_sample_s_average_and_sum(api: Client, query: str, answer: str) -> None:
    accepted(api.post(SAMPLE))

    def answered() -> httpx.Response:
        response = api.get(f"/api/example1{query}")
        assert (response.status_code, response.text) == (200, answer)
        return response

    assert eventually(answered).headers["content-type"] == "application/json"


def test_posting_the_sample_twice_changes_nothing(api: Client) -> None:
    for _ in range(2):
        accepted(api.post(SAMPLE))
    points = eventually(lambda: sample_points(api))
    assert points == [
        {"time": "1970-06-06T10:19:14Z", "value": 1.5},
        {"time": "1970-06-06T10:19:15Z", "value": 2.5},
    ]


def sample_points(api: Client) -> list[object]:
    response = api.get("/api/example2/points")
    assert response.status_code == 200
    points: list[object] = response.json()
    return points
