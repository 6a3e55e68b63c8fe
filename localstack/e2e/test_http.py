"""What holds for every route: methods, problems, request ids; health and documentation."""

from __future__ import annotations

import re

import pytest

from harness.client import Client, check_problem
from harness.generators import series

GETS = [
    "/api",
    "/api/{name}",
    "/api/{name}/points",
    "/api/{name}/buckets?every=1h",
    "/meterdata/measurement?muid=none&measurement=energy",
    "/history",
    "/admin/discards",
    "/admin/discards/summary",
    "/health",
    "/openapi.json",
    "/docs",
]


def test_healthy_means_ready_for_data(api: Client) -> None:
    health = api.json("/health")
    assert health["status"] == "ok"
    assert health["checks"]


def test_the_openapi_document_names_every_route(api: Client) -> None:
    document = api.json("/openapi.json")
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    methods = {
        (method, path)
        for path, item in document["paths"].items()
        for method in item
        if method in {"get", "post", "delete", "put", "patch"}
    }
    expected = {("get", path.split("?")[0]) for path in GETS} | {
        ("post", "/api"),
        ("post", "/meterdata/measurement"),
        ("delete", "/api/{name}"),
        ("post", "/admin/discards/{id}/replay"),
    }
    assert expected <= methods


def test_the_docs_need_no_other_host(api: Client) -> None:
    response = api.get("/docs")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    loaded = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"'\s>)]+)""", response.text)
    assert loaded or "<html" in response.text
    for reference in loaded:
        assert not re.match(r"(https?:)?//", reference), reference


@pytest.mark.parametrize("path", GETS)
def test_head_is_get_without_a_body(api: Client, name: str, path: str) -> None:
    api.store(series(name, [1, 2]))
    get = api.get(path.replace("{name}", name))
    head = api.request("HEAD", path.replace("{name}", name))
    assert (get.status_code, head.status_code) == (200, 200)
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


def test_head_of_what_is_not_there(api: Client, name: str) -> None:
    response = api.request("HEAD", f"/api/{name}")
    assert (response.status_code, response.content) == (404, b"")


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/a/b", "/api/a/points/1", "/API", "/admin", "/health/x", "//api"]
)
def test_an_unknown_path_is_a_problem(api: Client, path: str) -> None:
    response = api.http.get(f"{api.url}{path}")
    assert response.status_code == 404
    check_problem(response)
    assert response.json()["type"] == "/docs#not-found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api", {"GET", "HEAD", "POST"}),
        ("DELETE", "/api", {"GET", "HEAD", "POST"}),
        ("POST", "/api/x", {"GET", "HEAD", "DELETE"}),
        ("PATCH", "/api/x", {"GET", "HEAD", "DELETE"}),
        ("POST", "/api/x/points", {"GET", "HEAD"}),
        ("DELETE", "/meterdata/measurement", {"GET", "HEAD", "POST"}),
        ("GET", "/admin/discards/x/replay", {"POST"}),
        ("POST", "/health", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_there_is_a_problem(
    api: Client, method: str, path: str, allowed: set[str]
) -> None:
    response = api.request(method, path)
    assert (response.status_code, response.json()["type"]) == (405, "/docs#method-not-allowed")
    assert set(re.split(r",\s*", response.headers["allow"])) == allowed


def test_every_answer_has_a_request_id_of_its_own(api: Client) -> None:
    ids = [
        api.request(method, path).headers["x-request-id"]
        for method, path in [
            ("GET", "/health"),
            ("HEAD", "/health"),
            ("GET", "/nothing"),
            ("PUT", "/api"),
            ("GET", "/api?unknown=1"),
            ("POST", "/api"),
        ]
    ]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", GETS)
def test_unknown_empty_and_repeated_parameters_are_refused(
    api: Client, name: str, path: str
) -> None:
    api.store(series(name, [1]))
    path = path.replace("{name}", name)
    join = "&" if "?" in path else "?"
    for query in ("unknown=1", "unknown", "unknown=1&unknown=1", "limit=&limit=1", "%ff=1"):
        response = api.get(f"{path}{join}{query}")
        assert response.status_code == 400, query
        assert response.json()["type"] == "/docs#invalid-parameter"


def test_an_answer_says_what_it_depends_on(api: Client, name: str) -> None:
    api.store(series(name, [1] * 100))
    path = f"/api/{name}/points"
    for query, accept, status, named in [
        ("", "text/csv", 200, {"accept", "accept-encoding"}),
        ("?limit=1", "*/*", 200, {"accept"}),
        ("", "text/html", 406, {"accept"}),
    ]:
        response = api.request("GET", path + query, headers={"accept": accept})
        assert response.status_code == status
        vary = re.split(r",\s*", response.headers["vary"].lower())
        assert named <= set(vary) <= named | {"origin"}, vary
        assert len(vary) == len(set(vary)), vary


@pytest.mark.parsing
@pytest.mark.parametrize(
    "media",
    [
        "application/json ; charset=utf-8",
        "application/json;\tcharset=utf-8",
        'APPLICATION/JSON;charset="UTF-8"',
        "application/json;charset=utf8;",
    ],
)
def test_a_media_type_is_read_as_http_has_it(api: Client, name: str, media: str) -> None:
    body = f'[{{"name": "{name}", "t": 1, "v": 1}}]'
    response = api.request("POST", "/api", content=body, headers={"content-type": media})
    assert (response.status_code, response.json()["accepted"]) == (201, 1)


@pytest.mark.parsing
def test_two_media_types_are_none(api: Client) -> None:
    headers = [("content-type", "application/json"), ("content-type", "text/csv")]
    request = api.http.build_request("POST", f"{api.url}/api", content="[]", headers=headers)
    response = api.http.send(request)
    assert (response.status_code, response.json()["type"]) == (415, "/docs#unsupported-media-type")
