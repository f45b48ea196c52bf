#!/usr/bin/env bash
# The life of a resource, driven by the real heroku command (npm `heroku`, which is no dependency of this project)
# against the demo: the service behind a simulated Heroku. Needs Node, npm, the network once, and a minute.
#
#   test/manual/heroku-cli.sh                                  # answers 200 to a provision
#   PROVISIONING=asynchronous test/manual/heroku-cli.sh        # answers 202, and completes it by the Platform API
#
# Prints what the command prints. Exit status 1 where something is not as it should be. Leaves nothing behind but the
# command itself, in $HEROKU_CLI_DIRECTORY: half a gigabyte that the next run need not fetch.
set -euo pipefail
cd "$(dirname "$0")/../.."

HEROKU_CLI_VERSION=11.10.0
directory=${HEROKU_CLI_DIRECTORY:-${TMPDIR:-/tmp}/culvert-heroku-cli}
heroku="$directory/node_modules/.bin/heroku"
work=$(mktemp -d)
# Postgres does not run as root, and must get through here to its own directory when we are.
chmod 711 "$work"
demo=
finish() {
  local status=$?
  if [ -n "$demo" ]; then
    kill -TERM "$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

if [ ! -x "$heroku" ]; then
  echo "Fetching heroku $HEROKU_CLI_VERSION into $directory ..."
  npm install --prefix "$directory" --no-save --no-audit --no-fund "heroku@$HEROKU_CLI_VERSION" >"$work/npm.log" 2>&1 ||
    { cat "$work/npm.log"; exit 1; }
fi

PORT=${PORT:-0} DATA_DIRECTORY="$work/data" node --import tsx demo/demo.ts >"$work/demo.log" 2>&1 &
demo=$!
for _ in $(seq 120); do
  grep -q 'Ctrl-C stops' "$work/demo.log" && break
  kill -0 "$demo" 2>/dev/null || { cat "$work/demo.log"; exit 1; }
  sleep 1
done

# The command writes into HOME, and asks git there. It sends its key to loopback alone.
HEROKU_HOST=$(grep -o 'HEROKU_HOST=[^ ]*' "$work/demo.log" | cut -d= -f2)
HEROKU_API_KEY=$(grep -o 'HEROKU_API_KEY=[^ ]*' "$work/demo.log" | cut -d= -f2)
export HEROKU_HOST HEROKU_API_KEY HOME="$work" CI=1 NO_COLOR=1 DISABLE_TELEMETRY=true HEROKU_SKIP_NEW_VERSION_CHECK=1

# run <what must be in the output> <arguments of heroku ...>
run() {
  local expected=$1 output
  shift
  echo "\$ heroku $*"
  output=$("$heroku" "$@" 2>&1) || { echo "$output"; echo "heroku $1 failed."; exit 1; }
  echo "$output"
  echo
  grep -qE -- "$expected" <<<"$output" || { echo "heroku $1 did not say: $expected"; exit 1; }
}
# refuse <what must be in the output> <arguments of heroku ...>: the command must fail
refuse() {
  local expected=$1 output
  shift
  echo "\$ heroku $*"
  if output=$("$heroku" "$@" 2>&1); then echo "$output"; echo "heroku $1 should have failed."; exit 1; fi
  echo "$output"
  echo
  grep -qE -- "$expected" <<<"$output" || { echo "heroku $1 did not say: $expected"; exit 1; }
}

run 'Created culvert-[a-z]+-[0-9]+ as CULVERT_URL' addons:create culvert:test -a my-app --wait -- --retention 7
name=$("$heroku" addons -a my-app --json | node -e 'let t=""; process.stdin.on("data", (c) => { t += c }).on("end", () => console.log(JSON.parse(t)[0].name))')
run "$name" addons -a my-app
run 'State: +created' addons:info "$name"
run 'Now on standard' addons:upgrade "$name" standard
run 'done, v' addons:attach "$name" -a my-other-app --as LOGS
run "$name" drains -a my-other-app
run '"token": "d\.' drains -a my-app --json
run '/sso/' addons:open culvert -a my-app --show-url
run '/sso/' addons:open LOGS -a my-other-app --show-url
run 'done, v' addons:detach LOGS -a my-other-app
refuse 'There is no plan "nonsense"' addons:create culvert:nonsense -a my-app
run 'Destroying' addons:destroy culvert -a my-app --confirm my-app
refuse "find that add-on" addons:info "$name"
echo 'All as it should be.'
