"""Tidemark on an emulator of AWS: `up` is all of it, the other commands its parts, each in the
foreground until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

from data_server import data_server, url
from deployment import deploy, outputs, parameters
from emulator import emulator
from forward import forward
from keys import UNLIMITED, make_key
from metrics import Metrics, measuring
from place import CREDENTIALS, REGION, Place, bound, check_free, free_port
from proxy import proxy
from running import Program, noted, stop, until_told_to_end, watch
from timestream import timestream


def main() -> None:
    """Runs one command."""
    options = arguments().parse_args()
    place = Place(
        folder=options.folder.resolve(),
        profile=options.profile,
        port=options.port,
        emulator_port=options.emulator_port or free_port(),
        proxy_port=options.proxy_port or free_port(),
        timestream_port=options.timestream_port or free_port(),
        name=options.name,
    )
    place.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as noting:
        if options.command not in {"deploy", "env", "stop"}:
            noting.enter_context(noted(place.folder, options.command))
        match options.command:
            case "up":
                until_told_to_end(run_all(place, options))
            case "emulator":
                until_told_to_end(run_emulator(place, options))
            case "data-server":
                until_told_to_end(run_data_server(place, options))
            case "deploy":
                given = parameters(url(), options.point_store) | dict(options.parameter)
                show(deploy(place, given))
            case "env":
                show_environment(place)
            case "forward":
                until_told_to_end(run_forward(place))
            case "stop":
                stop(place.folder)


def arguments() -> argparse.ArgumentParser:
    """The command line."""

    def pair(text: str) -> tuple[str, str]:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(text)
        return key, value

    def point_store(text: str) -> str:
        # Choices would not be held against what the environment says.
        if text not in {"dynamodb", "timestream"}:
            raise argparse.ArgumentTypeError(
                f"TIDEMARK_POINT_STORE is neither dynamodb nor timestream: {text}"
            )
        return text

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--folder", type=Path, default=Path(".tidemark/stack"), help="logs, files")
    common.add_argument("--profile", default="release", help="of the programs in target/")
    common.add_argument("--name", default="tidemark", help="of the stack")
    common.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 3000))
    common.add_argument("--emulator-port", type=int, default=4666, help="0 for a free one")
    common.add_argument("--proxy-port", type=int, default=4667, help="0 for a free one")
    common.add_argument("--timestream-port", type=int, default=4668, help="0 for a free one")
    common.add_argument(
        "--point-store",
        type=point_store,
        metavar="{dynamodb,timestream}",
        default=os.environ.get("TIDEMARK_POINT_STORE") or "timestream",
        help="where points are kept; TIDEMARK_POINT_STORE if not told",
    )
    recording = argparse.ArgumentParser(add_help=False)
    recording.add_argument("--record", type=Path, metavar="FILE", help="append each call of AWS")
    recording.add_argument("--meter", action="store_true", help="and what is billed of it")
    measured = argparse.ArgumentParser(add_help=False)
    measured.add_argument(
        "--metrics", action="store_true", help="publish what AWS measures of gateway and queues"
    )
    given = argparse.ArgumentParser(add_help=False)
    given.add_argument("--parameter", type=pair, action="append", default=[], metavar="KEY=VALUE")
    serving = argparse.ArgumentParser(add_help=False)
    serving.add_argument("data_server", nargs="*", help="options of the data server, after --")

    commands = argparse.ArgumentParser(prog="stack", description=__doc__)
    names = commands.add_subparsers(dest="command", required=True)
    everything = [common, recording, measured, given, serving]
    names.add_parser("up", parents=everything, help="all of it")
    names.add_parser("emulator", parents=[common, recording], help="the emulators and their proxy")
    names.add_parser("data-server", parents=[common, serving], help="the stand-in data server")
    names.add_parser("deploy", parents=[common, given], help="the template, to the emulator")
    names.add_parser(
        "env", parents=[common], help="what the deployed functions are told, to run one"
    )
    names.add_parser("forward", parents=[common], help="serve the deployed API on PORT")
    names.add_parser("stop", parents=[common], help="end what the others run")
    return commands


def show_environment(place: Place) -> None:
    """Prints what a function that is run by hand needs to find the emulator, and what is in it."""
    told = outputs(place)
    variables = {
        "AWS_ENDPOINT_URL": place.proxy,
        "AWS_REGION": REGION,
        **CREDENTIALS,
        "TIDEMARK_POINT_STORE": "timestream" if "TimestreamTable" in told else "dynamodb",
        "TIDEMARK_TIMESTREAM_DATABASE": told.get("TimestreamDatabase", ""),
        "TIDEMARK_TIMESTREAM_TABLE": told.get("TimestreamTable", ""),
        "TIDEMARK_TIMESTREAM_REPORTS": told.get("TimestreamReports", ""),
        "TIDEMARK_POINTS_TABLE": told["PointsTable"],
        "TIDEMARK_CATALOG_TABLE": told["CatalogTable"],
        "TIDEMARK_DISCARDS_TABLE": told["DiscardsTable"],
        "TIDEMARK_HISTORY_TABLE": told["HistoryTable"],
        "TIDEMARK_KEYS_TABLE": told["KeysTable"],
        "TIDEMARK_QUEUE_URL": told["QueueUrl"],
        "TIDEMARK_CALCULATION_FUNCTION": told["CalculationFunction"],
        "TIDEMARK_SOURCE_URL": url(),
        "TIDEMARK_SOURCE_TENANT": "local",
        "TIDEMARK_SOURCE_SERIES": "data-server",
    }
    for key, value in variables.items():
        print(f"{key}={value}")


def show(described: dict[str, str]) -> None:
    """Prints what there is."""
    for key, value in described.items():
        print(f"{key:{max(map(len, described))}}  {value}", flush=True)


async def run_all(place: Place, options: argparse.Namespace) -> None:
    """Runs everything."""
    async with AsyncExitStack() as running:
        described_in = place.folder / "stack.json"
        described_in.unlink(missing_ok=True)
        # First of all: that the port is taken should be known at once.
        listener = running.enter_context(bound(place.port))
        address = "http://{}:{}".format(*listener.getsockname())
        metrics = None
        if options.metrics:
            metrics = await running.enter_async_context(measuring(place))
        programs = await running.enter_async_context(aws(place, options, metrics))
        source = url()
        if not os.environ.get("TIDEMARK_SOURCE_URL"):
            server, source = await running.enter_async_context(
                data_server(place, options.data_server)
            )
            programs.append(server)
        given = parameters(source, options.point_store) | dict(options.parameter)
        deployed = await asyncio.to_thread(deploy, place, given)
        await running.enter_async_context(
            forward(place, deployed["ApiId"], listener, options.record, metrics)
        )
        # The tenant whom a process on one machine takes everybody for.
        key = make_key(place, deployed, tenant="local", name="stack", limits=UNLIMITED)
        described = {"Address": address, **addresses(place, options), "Source": source, **deployed}
        # Under its name only when it is whole: who waits for it reads it at once.
        whole = described_in.with_suffix(".new")
        # The key is for whoever started this.
        whole.touch(mode=0o600)
        whole.write_text(json.dumps({**described, "Key": key}, indent=2))
        whole.rename(described_in)
        print(f"Tidemark listens on {address}, its AWS on {place.emulator}")
        print(f"Logs are in {place.folder}; the data is gone when it ends")
        print("The tenant local may do everything with the key of this stack:")
        print(f"  export TIDEMARK_KEY={key}")
        print(f'  curl {address}/api -H "X-Api-Key: $TIDEMARK_KEY"', flush=True)
        await watch(*programs)


@asynccontextmanager
async def aws(
    place: Place, options: argparse.Namespace, metrics: Metrics | None = None
) -> AsyncIterator[list[Program]]:
    """Runs what stands in for AWS, and the proxy in front of it."""
    has_timestream = options.point_store == "timestream"
    if has_timestream:
        # Before anything is started in a folder that may be somebody else's.
        check_free(place.timestream_port)
    async with AsyncExitStack() as running:
        programs = [await running.enter_async_context(emulator(place))]
        if has_timestream:
            programs.append(await running.enter_async_context(timestream(place)))
        await running.enter_async_context(proxy(place, options.record, options.meter, metrics))
        yield programs


def addresses(place: Place, options: argparse.Namespace) -> dict[str, str]:
    """Where that is."""
    found = {"Emulator": place.emulator, "Proxy": place.proxy}
    if options.point_store == "timestream":
        found["Timestream"] = place.timestream
    return found


async def run_emulator(place: Place, options: argparse.Namespace) -> None:
    """Runs what stands in for AWS."""
    async with aws(place, options) as programs:
        show(addresses(place, options))
        await watch(*programs)


async def run_data_server(place: Place, options: argparse.Namespace) -> None:
    """Runs the data server."""
    async with data_server(place, options.data_server) as (program, address):
        show({"Source": address})
        await watch(program)


async def run_forward(place: Place) -> None:
    """Serves the API that was deployed."""
    with bound(place.port) as listener:
        async with forward(place, outputs(place)["ApiId"], listener):
            show({"Address": "http://{}:{}".format(*listener.getsockname())})
            await watch()


if __name__ == "__main__":
    main()
