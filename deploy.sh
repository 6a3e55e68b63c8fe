#!/usr/bin/env bash
# Everything there is to run: on this machine, and its tests and measurements.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'TEXT'
usage: ./deploy.sh COMMAND [ARGUMENTS]

  local         build and run everything in one process on http://127.0.0.1:3000
  stack         build and run the Lambda functions on an emulator of AWS, at the same address
  aws           build and deploy them to AWS, with the account and region of the environment
  redrive       send the dead letters of what was deployed back to the queue
  keys create|list|revoke
                API keys of what was deployed, `keys create --help` tells of what; those
                of one machine are made by target/local/tidemark keys
  migrate [TENANT ...]
                copy these tenants' points (`local`'s) from Timestream to DynamoDB;
                infra/README.md tells when
  test          every test: unit, property, conformance, end to end
  check         format, lints, documentation, templates, licences
  bench [...]   measurements, beside VictoriaMetrics and InfluxDB where they are
                installed; `bench --help` lists what can be chosen
  bench cold    how long functions take to start, and how large they are
  bench flood   how long a tenant waits while another sends as fast as it can
  bench cost    what AWS would bill of a million points, in DynamoDB or in Timestream

Configuration is read from the environment; README.md lists it.
TEXT
}

# What the stand-in data server serves.
stand_in=(--rate 1 --system 0.05 --suspect 0.05 --both 0.02 --other-tags 0.1 --too-old 0.05
    --malformed 0.03)

# Python packages, in a folder of their own; nothing to do when their lists have
# not changed.
python_packages() {
    local venv=$1 stamp list lists=()
    shift
    for list in "$@"; do lists+=(--requirement "$list"); done
    stamp=$(cat "$@" | cksum)
    if [[ ! -f $venv/stamp || $(<"$venv/stamp") != "$stamp" ]]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "${lists[@]}"
        echo "$stamp" >"$venv/stamp"
    fi
}

stack_packages() {
    python_packages .venv-stack localstack/stack/requirements.txt localstack/timestream/requirements.txt
}

test_packages() {
    python_packages .venv localstack/e2e/requirements.txt localstack/stack/requirements.txt \
        localstack/timestream/requirements.txt localstack/timestream/tests/requirements.txt
}

# Builds the functions: each folder in functions/ is a package of its name, but
# for what they share.
build_functions() {
    local folder packages=()
    for folder in functions/*/; do
        folder=$(basename "$folder")
        [[ $folder == shared ]] || packages+=(--package "$folder")
    done
    cargo build --quiet --locked "${packages[@]}" --package tidemark-data-server \
        --package tidemark-deployed-keys "$@"
}

# Runs a program that ends what it started when it is told to end, and has it told of a signal to
# this shell.
foreground() {
    "$@" &
    local process=$! status=0
    # shellcheck disable=SC2064  # which process is known now
    trap "kill -TERM $process 2>/dev/null || true" INT TERM
    # A signal ends the waiting, too.
    while kill -0 "$process" 2>/dev/null; do wait "$process" || true; done
    wait "$process" || status=$?
    trap - INT TERM
    return "$status"
}

run_local() {
    cargo build --quiet --profile local --locked --package tidemark --package tidemark-data-server
    local data_server=
    if [[ -z ${TIDEMARK_SOURCE_URL:-} ]]; then
        target/local/data-server --port 28462 "${stand_in[@]}" &
        data_server=$!
        # Its port may be taken; asking whoever holds it would take his messages.
        sleep 0.2
        kill -0 "$data_server" 2>/dev/null || exit 1
        # shellcheck disable=SC2064  # which process is known now
        trap "kill $data_server 2>/dev/null || true" EXIT
    fi
    foreground target/local/tidemark
}

run_stack() {
    build_functions --release
    stack_packages
    # It is told to end directly, and ends what it started.
    exec .venv-stack/bin/python localstack/stack up "$@" -- "${stand_in[@]}"
}

# AWS_REGION is what the AWS SDKs and the command line read; what is in Python reads another.
take_region() {
    [[ -z ${AWS_REGION:-} ]] || export AWS_DEFAULT_REGION=$AWS_REGION
}

run_aws() {
    python_packages .venv-aws infra/requirements.txt
    take_region
    export PATH=$PWD/.venv-aws/bin:$PATH SAM_CLI_TELEMETRY=0
    local name=${TIDEMARK_STACK:-tidemark} parameters=$PWD/.aws-sam/parameters.yaml
    mkdir -p .aws-sam
    .venv-aws/bin/python infra/parameters.py >"$parameters"
    sam build --parameter-overrides "file://$parameters"
    sam deploy --stack-name "$name" --parameter-overrides "file://$parameters" "$@"
    sam list stack-outputs --stack-name "$name" --output json
}

run_redrive() {
    stack_packages
    take_region
    .venv-stack/bin/python infra/redrive.py
}

run_keys() {
    cargo build --quiet --locked --release --package tidemark-deployed-keys
    stack_packages
    take_region
    .venv-stack/bin/python infra/api_keys.py target/release/tidemark-deployed-keys "$@"
}

run_migrate() {
    cargo build --quiet --locked --release --package tidemark-migrate
    stack_packages
    take_region
    .venv-stack/bin/python infra/migration.py target/release/tidemark-migrate "${@:-local}"
}

run_tests() {
    test_packages
    cargo test --locked --workspace --all-targets
    cargo test --locked --workspace --doc --quiet
    cargo build --locked --workspace
    .venv/bin/pytest localstack/timestream
    .venv/bin/pytest localstack/e2e "$@"
    export PYTHONPATH=$PWD/localstack:$PWD/localstack/stack
    local store
    for store in dynamodb timestream; do
        TIDEMARK_POINT_STORE=$store foreground .venv/bin/python -m harness.with_stack \
            "target/stack-$store" "$PWD/deploy.sh" beside-stack "$@"
    done
}

# With a stack that is there: the environment says where, and where its points are.
run_tests_beside_stack() {
    local suites=(--skip timestream) tests=()
    if [[ $TIDEMARK_POINT_STORE == timestream ]]; then
        suites=(timestream)
        # The others were run with DynamoDB.
        tests=(-m points)
    fi
    cargo test --locked --workspace --test emulator -- --ignored "${suites[@]}"
    .venv/bin/pytest localstack/e2e "$@"
    # What all of that did is held against the roles, so this comes last.
    .venv/bin/pytest localstack/stack "${tests[@]}"
}

run_checks() {
    test_packages
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- --deny warnings
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps --quiet
    .venv/bin/ruff check localstack/harness localstack/e2e localstack/stack localstack/timestream \
        localstack/bench infra
    .venv/bin/ruff format --check localstack/harness localstack/e2e localstack/stack localstack/timestream \
        localstack/bench infra
    python_packages .venv-aws infra/requirements.txt
    SAM_CLI_TELEMETRY=0 .venv-aws/bin/sam validate --lint --region us-east-1
    .venv-aws/bin/cfn-lint infra/*.yaml
    .venv/bin/shellcheck deploy.sh .ci/run
    cargo test --locked --quiet --package tidemark --test licences
}

# How long functions take to start, and how large they are.
run_bench_cold() {
    build_functions --release --package empty-function
    python3 localstack/bench/cold.py "$@"
}

# What AWS bills of points that are written.
run_bench_cost() {
    build_functions --release
    test_packages
    TIDEMARK_PROFILE=release PYTHONPATH=localstack:localstack/stack \
        .venv/bin/python localstack/bench/cost "$@"
}

run_bench() {
    case ${1:-} in
        cold | cost)
            "run_bench_$1" "${@:2}"
            return
            ;;
    esac
    cargo build --quiet --profile local --locked --package tidemark --package tidemark-bench
    local what=()
    if [[ ${1:-} == flood ]]; then
        what=(flood)
        shift
    fi
    target/local/tidemark-bench "${what[@]}" --tidemark "$PWD/target/local/tidemark" "$@"
}

command=${1:-help}
[[ $# -eq 0 ]] || shift
case $command in
    local) run_local "$@" ;;
    stack) run_stack "$@" ;;
    aws) run_aws "$@" ;;
    redrive) run_redrive "$@" ;;
    keys) run_keys "$@" ;;
    migrate) run_migrate "$@" ;;
    test) run_tests "$@" ;;
    beside-stack) run_tests_beside_stack "$@" ;;
    check) run_checks "$@" ;;
    bench) run_bench "$@" ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
