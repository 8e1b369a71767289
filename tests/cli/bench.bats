#!/usr/bin/env bats
# That the benchmarks run and say what they should; never how fast.

setup() {
  run_bench=$BATS_TEST_DIRNAME/../bench/run
  bench=$BUILD/tests/bench/bench
  cd "$BATS_TEST_TMPDIR" || return 1
}

@test "a quick run measures every row and writes JSON" {
  local text='"[^"\\]*"' number='[0-9.e+-]+'
  run "$run_bench" --quick --json "$PWD/rows.json"
  # Moments this short may put a product above the peak; that is status 1, and said.
  [ "$status" -eq 0 ] || [[ $output == *"above the peak"* ]]
  [ "$(head -n 1 rows.json)" = '{"rows": [' ]
  [ "$(tail -n 1 rows.json)" = ']}' ]
  sed '1d;$d;s/,$//' rows.json >lines
  run grep -cvE "^\{\"group\": $text, \"name\": $text, \"value\": $number, \"unit\": $text, \"limit\": (null|$text), \"of_limit\": (null|$number), \"rival\": (null|$text), \"of_rival\": (null|$number), \"bar\": (null|$text), \"verdict\": (null|$text)\}\$" lines
  [ "$output" = 0 ]
  # A processor without fused multiply-add is only asked for products.
  if [ "$(uname -m)" != x86_64 ] || grep -q '^flags.* fma .* avx2' /proc/cpuinfo; then
    "$bench" kernels --list >names
    [ "$(wc -l <names)" -gt 60 ]
    # (the largest product may take too long)
    grep -v 'matmul 2048' names | while IFS= read -r name; do
      grep -qF "\"name\": \"$name\"" lines || { echo "no row: $name"; exit 1; }
    done
  fi
  for name in "training, digits CNN, all threads" "training, all threads over one" "training, 32x32x3 CNN, all threads" \
    "inference, digits CNN, batch 256" "one picture in process" "pipe between two programs" "join, 12 KiB a record" "start of lep-train"; do
    grep -qF "\"name\": \"$name\"" lines || { echo "no row: $name"; return 1; }
  done
  grep -qF '"name": "decode, PNG in tar' lines
  grep -qF '"name": "decode, JPEG in tar' lines
  grep -qF '"name": "PNG to verdict, three programs' lines
}

@test "the benchmarks' own usage errors" {
  run "$run_bench" --sideways
  [ "$status" -eq 2 ]
  run "$run_bench" --json
  [ "$status" -eq 2 ]
  run "$run_bench" --help
  [ "$status" -eq 0 ]
  [[ $output == Usage:* ]]
  run "$bench" kernels --isa sse9
  [ "$status" -eq 1 ]
  [[ $output == *"sse9"* ]]
}
