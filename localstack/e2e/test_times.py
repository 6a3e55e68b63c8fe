"""How times are written: the README's table, asked in every way there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from harness.client import Client, only
from place import REPOSITORY

pytestmark = pytest.mark.parsing


def table() -> Iterator[tuple[str, bool]]:
    """The forms in the README, and whether they are accepted."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("A time is written in one of three ways")
    rows = re.findall(r"^\|(.*)\|(.*)\|(.*)\|$", rest.partition("\n## ")[0], re.MULTILINE)
    for _, accepted, refused in rows:
        for text in re.findall(r"`([^`]+)`", accepted):
            yield text, True
        for text in re.findall(r"`([^`]+)`", refused):
            yield text, False


FORMS = list(table())


def test_the_table_is_read() -> None:
    assert sum(accepted for _, accepted in FORMS) >= 12
    assert sum(not accepted for _, accepted in FORMS) >= 20


@pytest.mark.parametrize(("text", "accepted"), FORMS, ids=[text for text, _ in FORMS])
def test_a_time_is_read_the_same_wherever_it_stands(
    api: Client, name: str, text: str, accepted: bool
) -> None:
    point = {"name": name, "t": text, "v": 1}
    line = json.dumps(point)
    media = {
        "application/json": json.dumps([point]),
        "application/x-ndjson": f"{line}\n",
        "text/csv": f"name,t,v\n{name},{text},1\n",
    }
    times = set()
    for kind, body in media.items():
        response = api.post(body, content_type=kind)
        assert response.status_code == (201 if accepted else 422), f"{kind}: {response.text}"
        if accepted:
            times.add(only(api.points(name))["time"])
            api.http.delete(f"/api/{name}").raise_for_status()
    row = {"measurement": "energy", "timestamp": text, "tags": {"muid": name}, "0100011D00FF": 1}
    response = api.post([row], "/meterdata/measurement")
    assert response.status_code == (201 if accepted else 422), response.text
    if accepted:
        times.add(only(api.points(f"energy:{name}:0100011D00FF"))["time"])
    for path, parameter in [
        ("/admin/discards?limit=1", "from"),
        (f"/meterdata/measurement?muid={name}&measurement=energy", "start"),
    ]:
        response = api.http.get(f"{path}&{parameter}={quote(text)}")
        assert response.status_code == (200 if accepted else 400), response.text
    assert len(times) == accepted


@pytest.mark.parametrize("number", ["0", "-1.5", "1.7e9", "17000000000E-1", "1e-9"])
def test_a_number_of_json_is_the_same_as_its_text(api: Client, name: str, number: str) -> None:
    times = []
    for form in (number, f'"{number}"'):
        response = api.post(f'[{{"name": "{name}", "t": {form}, "v": 1}}]')
        assert response.status_code == 201, response.text
        times.append(only(api.points(name))["time"])
        api.http.delete(f"/api/{name}").raise_for_status()
    assert times[0] == times[1]
