#!/usr/bin/env bash
# Runs the built Swift tests, then the end-to-end tests, and repeats both runners' closing lines at the end.
# Started by `make test` inside Tests/Support/with-postgres.sh. The second runner runs also when the first one failed:
# one run shows everything that is broken.
set -euo pipefail
cd "$(dirname "$0")/../.."

logs=.build/test-logs
mkdir -p "$logs"
rm -f "$logs"/*.log
failed=()

# The flags are words of a command line, so they are split on purpose.
read -ra swift_flags <<<"${SWIFT_TEST_FLAGS-}"
read -ra pytest_flags <<<"${PYTEST_FLAGS-}"

# All tests are Swift Testing ones (.ci/check-imports refuses XCTest); without the flag the other runner would add
# "Executed 0 tests". Hundreds of tests at once, each with a database, are no faster than twelve, and wait for each other
# until they lose patience.
swift test --skip-build --disable-xctest --experimental-maximum-parallelization-width 12 "${swift_flags[@]}" 2>&1 | tee "$logs/swift.log" || failed+=('swift test')
# A runner that found nothing, or died before its summary, has not passed.
swift_summary=$(grep -aE 'Test run with [0-9]+ tests?' "$logs/swift.log" | tail -n 1) || swift_summary=
if [[ -z $swift_summary || $swift_summary == *'with 0 tests'* ]]; then
  swift_summary="no test ran (see $logs/swift.log)"
  failed+=('swift test: no summary')
fi

end_to_end_summary=
if compgen -G 'Tests/e2e/test_*.py' >/dev/null; then
  CALLTRAIL_BINARY=$(swift build --show-bin-path)/calltrail
  export CALLTRAIL_BINARY
  .venv/bin/pytest Tests/e2e "${pytest_flags[@]}" 2>&1 | tee "$logs/pytest.log" || failed+=('pytest')
  end_to_end_summary=$(grep -aE '[0-9]+ (passed|failed|errors?)|no tests ran' "$logs/pytest.log" | tail -n 1) ||
    end_to_end_summary="no summary (see $logs/pytest.log)"
fi

printf '\n==> closing lines\n'
printf 'swift test: %s\n' "$swift_summary"
if [[ -n $end_to_end_summary ]]; then printf 'pytest:     %s\n' "$end_to_end_summary"; fi
# What failed, again, where whoever reads only the end of the output finds it.
if ((${#failed[@]} > 0)); then
  grep -ahE '✘ Test .* recorded an issue|error: ' "$logs/swift.log" | tail -n 20 || true
  if [[ -e $logs/pytest.log ]]; then grep -ahE '^(FAILED|ERROR) ' "$logs/pytest.log" | tail -n 20 || true; fi
  printf 'FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
