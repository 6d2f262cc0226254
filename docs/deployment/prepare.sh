#!/bin/sh
# Creates streams, tables and the tables of projections, and ends: one node, started with the rights to create, and
# stopped in order as soon as it is ready. Safe to repeat, and beside nodes that run: by its weight it takes nothing that
# they can have. Wants NATS_URL of the creator and DATABASE_URL of the owner. By hand: sh docs/deployment/prepare.sh
set -eu
port=${PREPARE_PORT:-3000}
node infra/reference/service/start.ts --port "$port" --folder "${PREPARE_FOLDER:-/data}" --node-name prepare --weight 0.001 --prepare --json &
pid=$!
until node -e "fetch('http://127.0.0.1:$port/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"; do
  # Ended by itself: its last line of output says why.
  kill -0 "$pid" 2>/dev/null || exit 1
  sleep 1
done
kill -TERM "$pid"
wait "$pid"
