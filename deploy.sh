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
  test [PHASE ...]
                every test: unit, property, conformance, end to end; or some phases of
                them, which `test --list` names
  check [PHASE ...]
                format, lints, documentation, templates, licences
  bench [...]   measurements, beside VictoriaMetrics and InfluxDB where they are
                installed; `bench --help` lists what can be chosen
  bench cold    how long functions take to start, and how large they are
  bench flood   how long a tenant waits while another sends as fast as it can
  bench aggregate
                how long a question across 1000 series takes, beside the same points in one
  bench cost    what AWS would bill of a million points, in DynamoDB or in Timestream

Configuration is read from the environment; README.md lists it.
TEXT
}

# What the stand-in data server serves.
stand_in=(--rate 1 --system 0.05 --suspect 0.05 --both 0.02 --other-tags 0.1 --too-old 0.05
    --malformed 0.03)

# Tells what is being done, where only that is looked for.
say() {
    printf '==> %s\n' "$*" >&2
}

# Python packages, in a folder of their own; nothing to do when their lists have
# not changed.
python_packages() {
    local venv=$1 stamp list lists=()
    shift
    for list in "$@"; do lists+=(--requirement "$list"); done
    stamp=$(cat "$@" | cksum)
    if [[ ! -f $venv/stamp || $(<"$venv/stamp") != "$stamp" ]]; then
        say "installing Python packages in $venv"
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

aws_packages() {
    python_packages .venv-aws infra/requirements.txt
}

# Builds the functions: each folder in functions/ is a package of its name, but
# for what they share.
build_functions() {
    local folder packages=()
    for folder in functions/*/; do
        folder=$(basename "$folder")
        [[ $folder == shared ]] || packages+=(--package "$folder")
    done
    cargo build --locked "${packages[@]}" --package tidemark-data-server \
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
    local address=http://${TIDEMARK_HOST:-127.0.0.1}:${PORT:-3000} data_server=
    say "1 of 3: building Tidemark, which takes minutes the first time"
    cargo build --profile local --locked --package tidemark --package tidemark-data-server
    if [[ -z ${TIDEMARK_SOURCE_URL:-} ]]; then
        say "2 of 3: starting a stand-in for the data server on http://127.0.0.1:28462"
        local told
        told=$(mktemp)
        target/local/data-server --port 28462 "${stand_in[@]}" >"$told" &
        data_server=$!
        # Its port may be taken; asking whoever holds it would take his messages.
        until grep -q '^listening' "$told"; do
            kill -0 "$data_server" 2>/dev/null || exit 1
            sleep 0.05
        done
        rm "$told"
        # shellcheck disable=SC2064  # which process is known now
        trap "kill $data_server 2>/dev/null || true" EXIT
    else
        say "2 of 3: fetching from $TIDEMARK_SOURCE_URL"
    fi
    say "3 of 3: starting Tidemark on $address, its data in ${TIDEMARK_DATA:-.tidemark}; Ctrl-C ends it"
    say "try: curl $address/api    or open $address/docs"
    foreground target/local/tidemark
}

run_stack() {
    say "1 of 3: building the Lambda functions, which takes minutes the first time"
    build_functions --release
    say "2 of 3: the emulators of AWS"
    stack_packages
    say "3 of 3: starting them, and deploying template.yaml to them"
    # It is told to end directly, and ends what it started.
    exec .venv-stack/bin/python localstack/stack up "$@" -- "${stand_in[@]}"
}

# AWS_REGION is what the AWS SDKs and the command line read; what is in Python reads another.
take_region() {
    [[ -z ${AWS_REGION:-} ]] || export AWS_DEFAULT_REGION=$AWS_REGION
}

run_aws() {
    aws_packages
    take_region
    export PATH=$PWD/.venv-aws/bin:$PATH SAM_CLI_TELEMETRY=0
    local name=${TIDEMARK_STACK:-tidemark} parameters=$PWD/.aws-sam/parameters.yaml
    mkdir -p .aws-sam
    # Before the build: what keeps a deployment from beginning should not be told after it.
    .venv-aws/bin/python infra/deploying.py "$name"
    .venv-aws/bin/python infra/parameters.py >"$parameters"
    sam build --parameter-overrides "file://$parameters"
    local deploy=(.venv-aws/bin/python infra/deploying.py "$name"
        sam deploy --stack-name "$name" --parameter-overrides "file://$parameters" "$@")
    "${deploy[@]}"
    # Tables are protected once they are there, so that a creation that fails takes them with it.
    cp "$parameters" "$parameters.first"
    .venv-aws/bin/python infra/parameters.py >"$parameters"
    if ! cmp --silent "$parameters" "$parameters.first"; then
        say "deploying once more, with the tables protected"
        "${deploy[@]}"
    fi
    sam list stack-outputs --stack-name "$name" --output json
}

run_redrive() {
    stack_packages
    take_region
    .venv-stack/bin/python infra/redrive.py
}

run_keys() {
    cargo build --locked --release --package tidemark-deployed-keys
    stack_packages
    take_region
    .venv-stack/bin/python infra/api_keys.py target/release/tidemark-deployed-keys "$@"
}

run_migrate() {
    cargo build --locked --release --package tidemark-migrate
    stack_packages
    take_region
    .venv-stack/bin/python infra/migration.py target/release/tidemark-migrate "${@:-local}"
}

# What phases need, installed by them while others build.
run_packages() {
    case $1 in
        test) test_packages ;;
        aws) aws_packages ;;
        # They want other versions of what the tools of AWS are made of.
        rules) python_packages .venv-rules infra/rules/requirements.txt ;;
    esac
}

# With a stack that is there: the environment says where, and where its points are.
run_tests_beside_stack() {
    local suites=(--skip timestream) tests="not parsing"
    if [[ $TIDEMARK_POINT_STORE == timestream ]]; then
        suites=(timestream)
        # The others are run with DynamoDB.
        tests="points and not parsing"
    fi
    local suite=(.venv/bin/pytest localstack/e2e -n 3 --dist loadgroup --no-loadscope-reorder -m "$tests")
    if [[ $# -gt 0 ]]; then
        "${suite[@]}" "$@"
        return
    fi
    # Beside it: these have tables of their own, and ask no function.
    local ports=$TIDEMARK_STACK_FOLDER/ports.txt process status=0
    cargo test --locked --workspace --test emulator -- --ignored "${suites[@]}" >"$ports" 2>&1 &
    process=$!
    # Each is told of, whatever the others find.
    "${suite[@]}" || status=1
    if wait "$process"; then
        grep "^test result" "$ports"
    else
        cat "$ports"
        status=1
    fi
    # What follows looks at what all of that left.
    .venv/bin/pytest localstack/e2e/test_secrets.py || status=1
    .venv/bin/pytest localstack/stack/tests/test_permissions.py || status=1
    return "$status"
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
    cargo build --profile local --locked --package tidemark --package tidemark-bench
    local what=()
    if [[ ${1:-} == flood || ${1:-} == aggregate ]]; then
        what=("$1")
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
    test | check) exec python3 localstack/phases "$command" "$@" ;;
    beside-stack) run_tests_beside_stack "$@" ;;
    packages) run_packages "$@" ;;
    bench) run_bench "$@" ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
