#!/usr/bin/env bats
# lep-plot: what must fail, with its exit status and words, and no picture.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  tools=$BUILD/tests/tools
  PATH=$tools:$PATH
  fields='field image input u8 2x2x1
field label target i32 - cat|dog
field class output i32 - cat|dog'
}

# fails WORDS ARGUMENT...: exit 1, one line with the words, nothing given out, no file.
fails() {
  local words=$1
  shift
  run --separate-stderr lep-plot predictions "$@"
  [ "$status" -eq 1 ] || { echo "status $status: $stderr"; return 1; }
  [ -z "$output" ] || return 1
  [[ $stderr == "lep-plot: "*"$words"* ]] || { echo "$stderr"; return 1; }
  [ "${#stderr_lines[@]}" -eq 1 ] || return 1
  run lep-plot predictions -o file.png "$@"
  [ "$status" -eq 1 ] || return 1
  [ ! -e file.png ]
}

@test "plot: a stream cut anywhere gives no picture" {
  printf '%s\n' "$fields" 'record a 1,2,3,4 0 0' 'record b 1,2,3,4 0 1' | mkoutputs >s.lept
  size=$(wc -c <s.lept)
  for ((n = 0; n < size; n += 61)); do
    head -c "$n" s.lept >cut.lept
    fails "cut.lept: " cut.lept
  done
}

@test "plot: upstream's reason is passed on" {
  printf '%s\n' "$fields" 'record a 1,2,3,4 0 0' 'abort lep-infer: out of luck' | mkoutputs >s.lept
  fails "s.lept: upstream failed: lep-infer: out of luck" s.lept
}

@test "plot: nothing to draw" {
  printf '%s\n' "$fields" | mkoutputs >s.lept
  fails "s.lept: no good record: nothing to draw" s.lept
  printf '%s\n' "$fields" 'bad a' | mkoutputs >s.lept
  fails "s.lept: no good record: nothing to draw" s.lept
  fails "s.lept: no good record: nothing to draw" --wrong s.lept
  printf '%s\n' "$fields" 'record a 1,2,3,4 0 0' 'record b 1,2,3,4 -1 0' | mkoutputs >s.lept
  fails "s.lept: none of 2 predictions is wrong: nothing to draw" --wrong s.lept
}

@test "plot: no pictures, no classes, no targets" {
  printf '%s\n' 'field x input f32 4' 'field class output i32 - a|b' 'record a 1,2,3,4 0' | mkoutputs >s.lept
  fails "s.lept: no field of role input is a picture" s.lept
  printf '%s\n' 'field x input f32 2x2' 'record a 1,2,3,4' | mkoutputs >s.lept
  fails "s.lept: no output 'class', as lep-infer adds it" s.lept
  printf '%s\n' 'field x input f32 2x2' 'field class output i32 - a|b' 'record a 1,2,3,4 0' | mkoutputs >s.lept
  fails "s.lept: no target field: nothing tells which are wrong" --wrong s.lept
  lep-plot predictions s.lept >a.png
  run --separate-stderr lep-plot predictions --picture y s.lept
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "lep-plot: s.lept: --picture: no field 'y'" ]
  run --separate-stderr lep-plot predictions --picture class s.lept
  [ "$status" -eq 2 ]
}

@test "plot: values that are not finite are drawn all the same" {
  printf '%s\n' 'field x input f32 2x2' 'field probability output f32 2' 'field class output i32 - a|b' \
    'record a nan,inf,3,-inf nan,inf 0' 'record b nan,nan,nan,nan 7,-1 1' | mkoutputs >s.lept
  lep-plot predictions s.lept >a.png
}

@test "plot: models and other files are no data" {
  printf '%s\n' "$fields" 'record a 1,2,3,4 0 0' | mkoutputs >s.lept
  mkmodel crossentropy 'flatten; dense classes' s.lept >m.lepm
  fails "m.lepm: holds a model, not data" m.lepm
  fails "not a tensor stream" "$BATS_TEST_FILENAME"
  fails "Is a directory" .
  fails "No such file" none.lept
}

@test "plot: a full disk" {
  [ -c /dev/full ] || skip "no /dev/full"
  printf '%s\n' "$fields" 'record a 1,2,3,4 0 0' | mkoutputs >s.lept
  run --separate-stderr bash -c 'lep-plot predictions s.lept >/dev/full'
  [ "$status" -eq 1 ]
  [[ $stderr == "lep-plot: <stdout>: No space left on device" ]]
}
