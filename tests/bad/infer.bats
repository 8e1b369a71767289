#!/usr/bin/env bats
# lep-infer: what must fail, with its exit status and words, and what is given
# out before the place.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  tools=$BUILD/tests/tools
  PATH=$tools:$PATH
  fields='field x input f32 2
field label target i32 - cat|dog|eel'
  printf '%s\n' "$fields" 'record a 1,0 0' 'record b 0,1 2' 'record c 1,1 1' | mkoutputs >s.lept
  mkmodel crossentropy 'dense classes softmax' s.lept dense1.w=1,0,0,0,1,0 dense1.b=0 >m.lepm
}

# fails WORDS ARGUMENT...: exit 1, one line with the words; a stream that says
# the same goes out, or nothing.
fails() {
  local words=$1 rc=0
  shift
  lep-infer "$@" >out 2>err </dev/null || rc=$?
  [ "$rc" -eq 1 ] || { echo "status $rc: $(cat err)"; return 1; }
  [ "$(wc -l <err)" -eq 1 ] || return 1
  [[ $(cat err) == "lep-infer: "*"$words"* ]] || { cat err; return 1; }
  if [ -s out ]; then
    run lep-cat --check out
    [ "$status" -eq 1 ] || return 1
    [[ $output == *"$words"* ]] || { echo "$output"; return 1; }
  fi
}

@test "infer: no model, a missing one, data as one, a model as data" {
  run --separate-stderr lep-infer s.lept
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "lep-infer: no model: -m names it" ]
  fails "no.lepm: No such file" -m no.lepm s.lept
  fails "s.lept: holds data, not a model" -m s.lept s.lept
  fails "m.lepm: holds a model, not data" -m m.lepm m.lepm
  fails "not a tensor stream" -m "$BATS_TEST_FILENAME" s.lept
  fails "not a tensor stream" -m m.lepm "$BATS_TEST_FILENAME"
  : >empty
  fails "empty: empty input" -m empty s.lept
  fails "empty: empty input" -m m.lepm empty
  fails "Is a directory" -m . s.lept
  fails "Is a directory" -m m.lepm .
  fails "no.lept: No such file" -m m.lepm no.lept
  run --separate-stderr lep-infer -m - -
  [ "$status" -eq 2 ]
  run --separate-stderr lep-infer -m m.lepm s.lept s.lept
  [ "$status" -eq 2 ]
}

@test "infer: a model cut anywhere, or with a bit flipped" {
  size=$(wc -c <m.lepm)
  for ((n = 0; n < size; n += 37)); do
    head -c "$n" m.lepm >cut.lepm
    fails "cut.lepm: " -m cut.lepm s.lept
    { head -c "$n" m.lepm; tail -c +$((n + 1)) m.lepm | head -c 1 | tr '\0-\377' '\200-\377\0-\177'; tail -c +$((n + 2)) m.lepm; } >flip.lepm
    fails "flip.lepm: " -m flip.lepm s.lept
  done
}

@test "infer: data of other extents, fields, tables, types" {
  printf '%s\n' 'field x input f32 3' 'record a 1,0,0' | mkoutputs >t.lept
  fails "t.lept: field 'x': its extents are '3', the model wants '2'" -m m.lepm t.lept
  printf '%s\n' 'field y input f32 2' 'record a 1,0' | mkoutputs >t.lept
  fails "t.lept: field 'x': is not there, and the model reads it" -m m.lepm t.lept
  printf '%s\n' 'field x input text -' 'record a 1' | mkoutputs >t.lept || true
  if [ -s t.lept ]; then fails "t.lept: field 'x': " -m m.lepm t.lept; fi
}

@test "infer: data of other classes" {
  while IFS=/ read -r classes words; do
    printf '%s\n' 'field x input f32 2' "field label target i32 - $classes" 'record a 1,0 0' | mkoutputs >t.lept
    fails "t.lept: field 'label': $words" -m m.lepm t.lept
    [ "$(lep-infer -m m.lepm --any-recipe --format text t.lept)" = cat ]
  done <<'X'
owl/the model knows no class 'owl'
cat|dog|eel|owl/the model knows no class 'owl'
cat|eel/the model's class 'dog' is not in its table
dog|cat|eel/its classes are in another order than the model's
X
  # Ids are compared by name.
  lep-infer -m m.lepm --any-recipe t.lept | lep-eval --json | grep -qF '"accuracy": 0,'
  # A field that is no target of the model's is no matter.
  printf '%s\n' 'field x input f32 2' 'field other target i32 - owl' 'record a 1,0 0' | mkoutputs >t.lept
  lep-infer -m m.lepm --format text t.lept
}

@test "infer: data prepared otherwise" {
  mkdigits . 20 10
  lep-preprocess --gray -o a.lept train
  lep-preprocess --gray --scale 0.5:0.5 -o b.lept train
  mkmodel crossentropy 'flatten; dense classes softmax' a.lept >a.lepm
  lep-infer -m a.lepm a.lept >out
  fails "b.lept: field 'image': prepared otherwise than for the model: 'picture gray" -m a.lepm b.lept
  # Same bytes, and the model's scale: the same outputs.
  lep-infer -m a.lepm --outputs-only --any-recipe --provenance none b.lept | lep-cat --csv >b.csv
  lep-infer -m a.lepm --outputs-only a.lept | lep-cat --csv | cmp - b.csv
}

@test "infer: a field called as an output" {
  printf '%s\n' 'field x input f32 2' 'field class target i32 - cat|dog|eel' 'record a 1,0 0' | mkoutputs >t.lept
  run --separate-stderr lep-infer -m m.lepm t.lept
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "lep-infer: t.lept: field 'class' is there already, and is no output: rename it" ]
}

@test "infer: a stream cut anywhere gives out what arrived, and ABORT" {
  size=$(wc -c <s.lept)
  for ((n = 0; n < size; n += 61)); do
    head -c "$n" s.lept >cut.lept
    fails "cut.lept: " -m m.lepm cut.lept
    rc=0
    lep-infer -m m.lepm --format text cut.lept >text 2>err || rc=$?
    [ "$rc" -eq 1 ]
    [ "$(cat text)" = "$(head -n "$(wc -l <text)" <<<$'cat\ndog\ncat')" ] || [ ! -s text ]
    lep-infer -m m.lepm -o file cut.lept 2>err || rc=$?
    [ ! -e file ]
  done
  # All records, but no END.
  [ "$(wc -l <text)" -eq 3 ]
  fails "truncated: the stream ends without END" -m m.lepm cut.lept
  lep-infer -m m.lepm --format text <cut.lept >text 2>err || rc=$?
  [ "$(wc -l <text)" -eq 3 ]
}

@test "infer: upstream's reason is passed on, after its records" {
  printf '%s\n' "$fields" 'record a 1,0 0' 'abort lep-preprocess: out of luck' | mkoutputs >s.lept
  fails "upstream failed: lep-preprocess: out of luck" -m m.lepm s.lept
  run --separate-stderr lep-infer -m m.lepm --format text s.lept
  [ "$status" -eq 1 ]
  [ "$output" = cat ]
  # Once, not a chain of names.
  lep-infer -m m.lepm s.lept >out 2>err || true
  run lep-cat --check out
  [[ $output == *"upstream failed: lep-preprocess: out of luck" ]]
}

@test "infer: what is not finite is named" {
  for v in nan inf -inf; do
    printf '%s\n' "$fields" 'record a 1,0 0' "record b 0,$v 2" 'record c 0,1 1' | mkoutputs >t.lept
    for batch in 1 2 256; do
      fails "t.lept: record 1 (b): field 'x': a value is not finite" -m m.lepm -b $batch t.lept
      run --separate-stderr lep-infer -m m.lepm -b $batch --format text t.lept
      [ "$status" -eq 1 ]
      [ "$output" = cat ]
      run --separate-stderr lep-infer -m m.lepm -b $batch --bad skip --format text t.lept
      [ "$status" -eq 0 ]
      [ "$output" = $'cat\ndog' ]
      [ "$stderr" = "lep-infer: t.lept: record 1 (b): field 'x': a value is not finite: left out
lep-infer: 1 of 3 records left out" ]
      run --separate-stderr lep-infer -m m.lepm -b $batch --bad keep --format text t.lept
      [ "$output" = $'cat\nbad\ndog' ]
    done
    lep-infer -q -m m.lepm --bad keep t.lept | lep-cat --csv --bad keep | sed -n 3p | grep -q '^b,,,,,,,$'
    # The next one does not stumble over it.
    lep-infer -q -m m.lepm --bad keep t.lept | lep-infer -m m.lepm | lep-eval --json | grep -qF '"bad": 1'
  done
  # Finite data, and weights that overflow.
  mkmodel crossentropy 'dense classes' s.lept dense1.w=3e38 dense1.b=3e38 >over.lepm
  fails "s.lept: record 0 (a): the network's output is not finite" -m over.lepm s.lept
}

@test "infer: names that the shell or a terminal would mind" {
  printf '%s\n' "$fields" 'record a 1,nan 0' | mkoutputs >$'t\e[31m.lept'
  fails 't\x1b[31m.lept: record 0 (a): ' -m m.lepm $'t\e[31m.lept'
}

@test "infer: a full disk" {
  [ -c /dev/full ] || skip "no /dev/full"
  for format in lept tsv; do
    run --separate-stderr bash -c "lep-infer -m m.lepm --format $format s.lept >/dev/full"
    [ "$status" -eq 1 ]
    [[ $stderr == "lep-infer: <stdout>: No space left on device" ]]
  done
}

@test "infer: SIGTERM ends the stream with ABORT" {
  mkfifo in
  lep-infer -m m.lepm <in >out 2>err &
  pid=$!
  exec 5>in
  head -c 600 s.lept >&5
  for _ in $(seq 100); do
    if [ -s out ]; then break; fi
    sleep 0.02
  done
  kill -TERM "$pid"
  rc=0
  wait "$pid" || rc=$?
  exec 5>&-
  [ "$rc" -ne 0 ]
  run lep-cat --check out
  [ "$status" -eq 1 ]
  [[ $output == *"terminated"* ]]
}
