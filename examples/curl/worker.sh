#!/usr/bin/env bash
# A worker outside of krige serve with nothing but curl and jq: makes a study and works on it to its end.
#   KRIGE_SERVER=http://127.0.0.1:8080 KRIGE_TOKEN=$(cat ~/.local/share/krige/token) ./worker.sh
set -euo pipefail
call() {  # METHOD PATH [BODY]
  curl -sS --fail-with-body --retry 5 -X "$1" -H "Authorization: Bearer ${KRIGE_TOKEN:-none}" -H 'Content-Type: application/json' \
    "${KRIGE_SERVER:-http://127.0.0.1:8080}/api/v1$2" ${3:+-d "$3"}
}
study=$(call POST /studies '{"name": "by curl", "metric": {"name": "loss"}, "budget": {"max_trials": 8},
                             "parameters": {"x": {"type": "float", "min": -5, "max": 5}}}' | jq -r .id)
while answer=$(call POST "/studies/$study/trials:suggest" "{\"client_id\": \"$HOSTNAME-$$\"}"); do
  trial=$(jq -c '.trials[0] // empty' <<<"$answer")
  [ -n "$trial" ] || { sleep 1; continue; }   # paused, or others have all that is left
  loss=$(jq '.params.x | (. - 2) * (. - 2)' <<<"$trial")
  call POST "/studies/$study/trials/$(jq .id <<<"$trial"):complete" \
    "$(jq -c --argjson loss "$loss" '{token: .attempt.token, value: $loss}' <<<"$trial")" >/dev/null
done
jq -e '.code == "study_finished"' <<<"$answer" >/dev/null || { echo "$answer" >&2; exit 1; }
call GET "/studies/$study" | jq -c '{state, best}'
