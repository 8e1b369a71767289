#!/usr/bin/env bats
# liblep from outside: the section-3 pages, and the filter that one of them shows,
# compiled as a stranger would.

setup_file() {
  export SRC=$BATS_TEST_DIRNAME/../..
  export BUILD=${BUILD:-build}
  case $BUILD in /*) ;; *) BUILD=$SRC/$BUILD ;; esac
  export TOOLS=$BUILD/tests/tools INVERT=$BATS_FILE_TMPDIR/invert
  sed -n '/^\.\\" begin invert\.c/,/^\.\\" end invert\.c/p' "$SRC/man/lep_stream.3" |
    grep -v '^\.' | sed 's/\\e/\\/g' > "$INVERT.c"
  san=
  case $BUILD in *sanitize*) san=-fsanitize=address,undefined ;; esac
  # shellcheck disable=SC2086
  "${CC:-cc}" -std=c11 -Wall -Wextra -Werror $san -I"$SRC/lib" -o "$INVERT" "$INVERT.c" \
    "$BUILD/lib/liblep.a" -lpng -ljpeg -lz -lm -lpthread
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

@test "the pages are clean" {
  command -v mandoc > /dev/null || skip "no mandoc"
  for page in lep_kernel.3 lep_stream.3 lep_tensor.3; do
    run mandoc -Tlint -Wwarning "$SRC/man/$page"
    [ "$status" -eq 0 ]
    [ "$output" = "" ]
  done
}

@test "every function of the synopses is in a header" {
  for page in lep_kernel.3 lep_stream.3 lep_tensor.3; do
    for f in $(sed -n 's/^\.Fn \(lep_[a-z0-9_]*\).*/\1/p' "$SRC/man/$page"); do
      grep -q "\<$f(" "$SRC"/lib/kernel/*.h "$SRC"/lib/stream/*.h "$SRC"/lib/tensor/*.h || { echo "$f"; false; }
    done
  done
}

@test "the example turns pictures round, and twice gives them back" {
  "$TOOLS/mkstream" fixed > a
  "$INVERT" < a > b
  "$INVERT" < b > c
  cmp a c
  # Three pictures of 2x2 behind the keys.
  [ "$(od -An -tu1 -j 320 -N 12 a | tr -s ' \n' ' ')" = " 0 1 2 3 1 1 2 3 2 1 2 3 " ]
  [ "$(od -An -tu1 -j 320 -N 12 b | tr -s ' \n' ' ')" = " 255 254 253 252 254 254 253 252 253 254 253 252 " ]
}

@test "the example keeps bad records, drops the recipe, joins segments" {
  "$TOOLS/mkstream" segments > a
  "$INVERT" < a > b
  run "$TOOLS/rdstream" b
  [ "$status" -eq 0 ]
  [ "${output%,*}" = "14 records" ]
  grep -aq '^recipe' a
  run grep -aq '^recipe' b
  [ "$status" -eq 1 ]
  # One segment now: what was dropped comes back no more, the rest does.
  "$INVERT" < b > c
  "$INVERT" < c > d
  cmp b d
}

@test "the example passes on who failed first" {
  status=0
  "$TOOLS/mkstream" aborted | "$INVERT" > out 2> err || status=$?
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "invert: <stdin>: upstream failed: lep-preprocess: x.png: truncated PNG" ]
  run "$TOOLS/rdstream" out
  [ "$status" -eq 1 ]
  [ "$output" = "rdstream: out: upstream failed: lep-preprocess: x.png: truncated PNG" ]
  status=0
  echo hello | "$INVERT" > out 2> err || status=$?
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "invert: <stdin>: not a tensor stream, it looks like text" ]
  run "$TOOLS/rdstream" out
  [ "$output" = "rdstream: out: upstream failed: invert: <stdin>: not a tensor stream, it looks like text" ]
}

@test "the example fails on a full disk" {
  [ -w /dev/full ] || skip "no /dev/full"
  "$TOOLS/mkstream" fixed > a
  status=0
  "$INVERT" < a > /dev/full 2> err || status=$?
  [ "$status" -eq 1 ]
  [ "$(cat err)" = "invert: <stdout>: No space left on device" ]
}
