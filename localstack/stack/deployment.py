"""Deploys `template.yaml` to the emulator as `sam deploy` deploys it to an account: what is local
in it goes to S3, and the template refers to that."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import timestream
from place import CREDENTIALS, REGION, REPOSITORY, Place

#: How long an emulator may take to start.
PATIENCE_SECONDS = 120.0
BUCKET = "artifacts"
#: A function's code, after the name of its program.
CODE = re.compile(
    r"(Binary: (\w+) \} \}\n    Properties:\n      FunctionName: .*\n      CodeUri: )\.$",
    re.MULTILINE,
)
NESTED = re.compile(r"(?<=TemplateURL: )infra/\w+\.yaml")
#: A number that a parameter gives, which the emulator takes for text where it wants a number.
NUMBER = re.compile(r"(?<=MaximumConcurrency: !If \[ValidatorIsTold, )!Ref (\w+)")
#: What an Architecture is called by the machine that has it.
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def client(place: Place, service: str) -> Any:
    """A client of the emulator."""
    return boto3.client(
        service,
        endpoint_url=place.emulator,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def parameters(source_url: str, point_store: str) -> dict[str, str]:
    """The template's parameters for this machine, and from the environment."""
    given = {
        "SourceTenant": "TIDEMARK_SOURCE_TENANT",
        "SourceSeries": "TIDEMARK_SOURCE_SERIES",
        "Log": "TIDEMARK_LOG",
        "JwtIssuer": "TIDEMARK_JWT_ISSUER",
        "JwtAudience": "TIDEMARK_JWT_AUDIENCE",
        "JwtTenantClaim": "TIDEMARK_JWT_TENANT_CLAIM",
        "JwtScopesClaim": "TIDEMARK_JWT_SCOPES_CLAIM",
        "JwtScopePrefix": "TIDEMARK_JWT_SCOPE_PREFIX",
        "CorsOrigins": "TIDEMARK_CORS_ORIGINS",
    }
    return {
        "Architecture": ARCHITECTURES[platform.machine()],
        "SourceUrl": source_url,
        "PointStore": point_store,
        "TimestreamDatabase": timestream.DATABASE,
        "TimestreamTable": timestream.TABLE,
        "TimestreamReports": timestream.REPORTS,
        # Its data goes with it.
        "DeletionProtection": "false",
        **{name: os.environ[key] for name, key in given.items() if os.environ.get(key)},
    }


def deploy(place: Place, given: dict[str, str]) -> dict[str, str]:
    """Creates the stack, or updates it, and tells its outputs."""
    wait_for_emulator(place)
    formation = client(place, "cloudformation")
    wanted = {
        "StackName": place.name,
        "TemplateBody": package(place, given),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    try:
        formation.create_stack(**wanted)
    except formation.exceptions.AlreadyExistsException:
        update(formation, wanted)
    except ClientError as error:
        raise SystemExit(str(error)) from None
    while True:
        stack = formation.describe_stacks(StackName=place.name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.1)
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise SystemExit(f"{stack['StackStatus']}:\n" + "\n".join(failures(formation)))
    return outputs(place)


def wait_for_emulator(place: Place) -> None:
    """Returns once the emulator answers, which may just have been started."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(place.emulator_health, timeout=30).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"no emulator at {place.emulator}: {error}") from None
        time.sleep(0.1)


def update(formation: Any, wanted: dict[str, Any]) -> None:
    """Begins to update the stack, if there is a change."""
    try:
        formation.update_stack(**wanted)
    except ClientError as error:
        if "No updates" not in str(error):
            raise SystemExit(str(error)) from None


def outputs(place: Place) -> dict[str, str]:
    """What the deployed stack tells of itself."""
    stacks = client(place, "cloudformation").describe_stacks(StackName=place.name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}


def failures(formation: Any) -> list[str]:
    """What went wrong, in any stack."""
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for stack in formation.describe_stacks()["Stacks"]
        for event in formation.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        if event["ResourceStatus"].endswith("FAILED")
    ]


def package(place: Place, given: dict[str, str]) -> str:
    """Uploads what the template refers to, and tells the template that refers to the uploads."""
    storage = client(place, "s3")
    storage.create_bucket(Bucket=BUCKET)

    def upload(content: bytes, suffix: str) -> str:
        key = hashlib.sha256(content).hexdigest()[:32] + suffix
        storage.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key

    def code(found: re.Match[str]) -> str:
        return f"{found[1]}s3://{BUCKET}/{upload(packages[found[2]], '.zip')}"

    def nested(found: re.Match[str]) -> str:
        key = upload((REPOSITORY / found[0]).read_bytes(), ".yaml")
        return f"{place.emulator}/{BUCKET}/{key}"

    template = (REPOSITORY / "template.yaml").read_text()

    def number(found: re.Match[str]) -> str:
        default = re.search(
            rf"^  {found[1]}:\n(?:    .*\n)*?    Default: \"?(\d+)\"?$", template, re.MULTILINE
        )
        assert default
        return given.get(found[1]) or default[1]

    names = [name for _, name in CODE.findall(template)]
    with ThreadPoolExecutor() as pool:
        packages = dict(zip(names, pool.map(zipped, map(place.program, names)), strict=True))
    return NUMBER.sub(number, NESTED.sub(nested, CODE.sub(code, template)))


def zipped(program: Path) -> bytes:
    """A function's package, which is kept beside its program: making it takes a second, and tests
    start many stacks."""
    folder = program.parent / "packages"
    kept = folder / f"{program.name}-{program.stat().st_mtime_ns}.zip"
    if not kept.exists():
        folder.mkdir(exist_ok=True)
        for other in set(folder.glob(f"{program.name}-*.zip")) - {kept}:
            other.unlink(missing_ok=True)
        # Another stack may be reading it, or making it as well.
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as whole:
            whole.write(packed(program))
        Path(whole.name).rename(kept)
    return kept.read_bytes()


def packed(program: Path) -> bytes:
    """A program, without symbols, under the name that Lambda starts."""
    buffer = io.BytesIO()
    bootstrap = zipfile.ZipInfo("bootstrap")
    bootstrap.external_attr = 0o100755 << 16
    bootstrap.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", compresslevel=1) as package:
        package.writestr(bootstrap, stripped(program))
    return buffer.getvalue()


def stripped(program: Path) -> bytes:
    """A program without symbols, where there is a `strip`; those of development are large."""
    if shutil.which("strip") is None:
        return program.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "bootstrap")
        shutil.copy(program, copy)
        # A script, in a test, cannot be stripped.
        subprocess.run(["strip", copy], check=False, stderr=subprocess.DEVNULL)
        return copy.read_bytes()
