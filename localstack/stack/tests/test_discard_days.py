"""Discards expire where the template says how long they are kept. The emulator deletes nothing of
itself, as DynamoDB does within days: until then what has expired is not shown."""

from __future__ import annotations

import time
from pathlib import Path

from harness.stack import Stack, eventually
from test_template import Template

DAYS = 30
SECONDS = DAYS * 86_400


def test_discards_expire_and_are_not_shown_then(tmp_path: Path) -> None:
    with Stack(tmp_path, source="none", DiscardDays=str(DAYS)) as stack:
        before = int(time.time())
        wrong = [{"name": "expiring", "t": t, "v": "no number"} for t in range(3)]
        stack.ask("POST", "/api", [*wrong, {"name": "expiring", "t": 3, "v": 1}])
        stack.wait_until_idle()
        api, table = stack.api(), stack.table("DiscardsTable")

        def are_listed() -> list[str]:
            listed = api.rows("/admin/discards", series="expiring")
            assert len(listed) == len(wrong)
            return [discard["id"] for discard in listed]

        first, *others = eventually(are_listed)
        for item in table.scan()["Items"]:
            assert before + SECONDS <= int(item["expires"]) <= int(time.time()) + SECONDS
        key = {"tenant": "local", "id": first}
        table.update_item(
            Key=key,
            UpdateExpression="SET expires = :past",
            ExpressionAttributeValues={":past": before - 1},
        )
        assert [d["id"] for d in api.rows("/admin/discards", series="expiring")] == others
        counted = api.json("/admin/discards/summary")
        assert counted["count"] == len(others)
        replayed = api.request("POST", f"/admin/discards/{first}/replay")
        assert replayed.status_code == 404
        # It is there all the same.
        assert "Item" in table.get_item(Key=key)


def test_the_table_deletes_what_has_expired() -> None:
    storage = Template(
        "infra/storage.yaml", {"PointStore": "dynamodb", "TimestreamDatabase": "none"}
    )
    discards = storage.read["Resources"]["Discards"]["Properties"]
    assert discards["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_discards_are_kept_for_good_unless_told() -> None:
    template = Template("template.yaml", {})
    assert template.read["Parameters"]["DiscardDays"]["Default"] == 0
    resources = template.read["Resources"]
    told = {
        name
        for name, resource in resources.items()
        if "TIDEMARK_DISCARD_DAYS"
        in resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
    }
    # Nobody else puts any.
    assert told == {"Validator"}
