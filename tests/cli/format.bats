#!/usr/bin/env bats
# lep-tensor(5) keeps its word: the reader on its page, compiled as it stands,
# reads what our writer writes and refuses what is damaged; streams committed as
# bytes stay the same bytes.

setup_file() {
  export SRC=$BATS_TEST_DIRNAME/../..
  export BUILD=${BUILD:-build}
  case $BUILD in /*) ;; *) BUILD=$SRC/$BUILD ;; esac
  export TOOLS=$BUILD/tests/tools
  sed -n '/^\.\\" begin keys\.c/,/^\.\\" end keys\.c/p' "$SRC/man/lep-tensor.5" |
    grep -v '^\.' | sed 's/\\e/\\/g' > "$BATS_FILE_TMPDIR/keys.c"
  "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -o "$BATS_FILE_TMPDIR/keys" "$BATS_FILE_TMPDIR/keys.c"
  export KEYS=$BATS_FILE_TMPDIR/keys
  cd "$BATS_FILE_TMPDIR" || return 1
  for name in $("$TOOLS/mkstream"); do
    "$TOOLS/mkstream" "$name" > "$name.lept"
  done
}

# The two outputs apart: $output and $stderr.
keys() {
  status=0
  "$KEYS" < "$1" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" || status=$?
  output=$(cat "$BATS_TEST_TMPDIR/out")
  stderr=$(cat "$BATS_TEST_TMPDIR/err")
}

@test "the page is clean" {
  command -v mandoc > /dev/null || skip "no mandoc"
  run mandoc -Tlint -Wwarning "$SRC/man/lep-tensor.5"
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
}

@test "the reader of the page reads our streams" {
  cd "$BATS_FILE_TMPDIR"
  keys fixed.lept
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$output" = $'k0\nk1\nk2' ]
  keys mixed.lept
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$output" = "$(seq -f r%g 0 10)" ]
  keys segments.lept
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$output" = "$(seq -f r%g 0 13)" ]
  keys many.lept
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$output" = "$(seq -f r%g 0 4999)" ]
  keys bare.lept
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$output" = $'same\nsame' ]
  keys none.lept
  [ "$status" -eq 0 ]
  [ "$stderr" = "" ]
  [ "$output" = "" ]
}

@test "the reader of the page passes on the cause of an ABORT" {
  cd "$BATS_FILE_TMPDIR"
  keys aborted.lept
  [ "$status" -eq 1 ]
  [ "$stderr" = $'lep-preprocess: x.png: truncated PNG\nkeys: aborted' ]
  keys abort-alone.lept
  [ "$status" -eq 1 ]
  [ "$stderr" = $'lep-preprocess: x.tar: No such file or directory\nkeys: aborted' ]
}

@test "the reader of the page refuses damage in any byte" {
  cd "$BATS_TEST_TMPDIR"
  size=$(stat -c %s "$BATS_FILE_TMPDIR/fixed.lept")
  [ "$size" -eq 512 ]
  for ((i = 0; i < size; i += 1)); do
    cp "$BATS_FILE_TMPDIR/fixed.lept" x
    byte=$(od -An -tu1 -j "$i" -N 1 x)
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((byte ^ (1 << i % 8))))" |
      dd of=x bs=1 seek="$i" conv=notrunc status=none
    keys x
    [ "$status" -eq 1 ] || { echo "byte $i passed"; false; }
    [ -n "$stderr" ]
  done
}

@test "the reader of the page refuses every truncation" {
  cd "$BATS_TEST_TMPDIR"
  for ((i = 0; i < 512; i += 7)); do
    head -c "$i" "$BATS_FILE_TMPDIR/fixed.lept" > x
    keys x
    [ "$status" -eq 1 ] || { echo "cut at $i passed"; false; }
    [ -n "$stderr" ]
  done
}

@test "our reader takes what the page's takes" {
  cd "$BATS_FILE_TMPDIR"
  for name in fixed mixed segments many bare none; do
    run "$TOOLS/rdstream" "$name.lept"
    [ "$status" -eq 0 ]
    [ "$output" = "$("$KEYS" < "$name.lept" | wc -l) records, $(stat -c %s "$name.lept") bytes" ]
    run "$TOOLS/rdstream" < <(gzip -c "$name.lept")
    [ "$status" -eq 0 ]
  done
}

@test "streams committed as bytes stay the same" {
  cd "$BATS_FILE_TMPDIR"
  for name in fixed mixed segments none bare aborted abort-alone; do
    cmp "$SRC/tests/unit/data/$name.lept" "$name.lept"
  done
}

@test "a program without our start refuses a closed standard output" {
  status=0
  "$TOOLS/mkstream" fixed >&- 2> "$BATS_TEST_TMPDIR/err" || status=$?
  [ "$status" -eq 1 ]
  [ "$(cat "$BATS_TEST_TMPDIR/err")" = "mkstream: standard output: Bad file descriptor" ]
}
