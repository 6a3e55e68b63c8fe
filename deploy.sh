#!/usr/bin/env bash
# Everything there is to run: on this machine, and its tests and measurements.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'TEXT'
usage: ./deploy.sh COMMAND [ARGUMENTS]

  local         build and run everything in one process on http://127.0.0.1:3000
  test          every test: unit, property, conformance, end to end
  check         format, lints, documentation, licences
  bench [...]   measurements, beside VictoriaMetrics and InfluxDB where they are
                installed; `bench --help` lists what can be chosen

Configuration is read from the environment; README.md lists it.
TEXT
}

# Python packages for the tests, in a folder of their own; nothing to do when
# the list has not changed.
python_tools() {
    local list=localstack/e2e/requirements.txt venv=.venv stamp
    stamp=$(cksum <"$list")
    if [[ ! -f $venv/stamp || $(<"$venv/stamp") != "$stamp" ]]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$list"
        echo "$stamp" >"$venv/stamp"
    fi
}

run_local() {
    cargo build --quiet --release --locked --package tidemark --package tidemark-data-server
    local data_server=
    if [[ -z ${TIDEMARK_SOURCE_URL:-} ]]; then
        target/release/data-server --port 28462 --rate 1 \
            --system 0.05 --suspect 0.05 --both 0.02 --other-tags 0.1 --too-old 0.05 --malformed 0.03 &
        data_server=$!
        # Its port may be taken; asking whoever holds it would take his messages.
        sleep 0.2
        kill -0 "$data_server" 2>/dev/null || exit 1
        # shellcheck disable=SC2064  # which process is known now
        trap "kill $data_server 2>/dev/null || true" EXIT
    fi
    local status=0
    # An interrupt reaches both processes; this shell waits for them to end.
    trap : INT TERM
    target/release/tidemark &
    local tidemark=$!
    while kill -0 "$tidemark" 2>/dev/null; do
        status=0
        wait "$tidemark" || status=$?
        # A signal to this shell alone is passed on.
        if ((status > 128)); then kill -TERM "$tidemark" 2>/dev/null || true; fi
    done
    return "$status"
}

run_tests() {
    python_tools
    cargo test --locked --workspace --all-targets
    cargo test --locked --workspace --doc --quiet
    cargo build --locked --package tidemark --package tidemark-data-server
    .venv/bin/pytest localstack/e2e "$@"
}

run_checks() {
    python_tools
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- --deny warnings
    RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps --quiet
    .venv/bin/ruff check localstack/e2e
    .venv/bin/ruff format --check localstack/e2e
    .venv/bin/shellcheck deploy.sh .ci/run
    cargo test --locked --quiet --package tidemark --test licences
}

run_bench() {
    cargo build --quiet --release --locked --package tidemark --package tidemark-bench
    target/release/tidemark-bench --tidemark "$PWD/target/release/tidemark" "$@"
}

command=${1:-help}
[[ $# -eq 0 ]] || shift
case $command in
    local) run_local "$@" ;;
    test) run_tests "$@" ;;
    check) run_checks "$@" ;;
    bench) run_bench "$@" ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
