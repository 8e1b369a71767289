#!/usr/bin/env bats
# lep-plot: which records are drawn, sizes, the same bytes.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  tools=$BUILD/tests/tools
  PATH=$tools:$PATH
  fields='field image input u8 2x2x1
field label target i32 - cat|dog
field probability output f32 2
field class output i32 - dog|cat'
}

# Width and height of a PNG.
size() { od -An -tu1 -j16 -N8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }'; }

# ten pictures, all told apart; every third is wrong
ten() {
  awk -v f="$fields" 'BEGIN { print f; for (i = 0; i < 10; i++)
    print "record r" i " " i ",200," 20 * i ",90 " i % 2 " 0.25,0.75 " (i % 3 ? 1 - i % 2 : i % 2) }' | mkoutputs "$@"
}

@test "plot: a picture, whole, from file and pipe, however it is framed" {
  ten >s.lept
  run --separate-stderr lep-plot predictions -o a.png s.lept
  [ "$status" -eq 0 ]
  [ -z "$output$stderr" ]
  [ "$(head -c 4 a.png | od -An -tx1)" = " 89 50 4e 47" ]
  # 5 pictures of 128 in a row with 16 between; 2 rows
  [ "$(size a.png | cut -d' ' -f1)" -eq 736 ]
  lep-plot predictions <s.lept | cmp - a.png
  ten 4 | lep-plot predictions - | cmp - a.png
  cat s.lept | lep-plot predictions --force | cmp - a.png
}

@test "plot: rows and columns" {
  ten >s.lept
  lep-plot predictions --rows 1 --columns 3 s.lept >a.png
  [ "$(size a.png | cut -d' ' -f1)" -eq 448 ]
  lep-cat --head 3 s.lept | lep-plot predictions | cmp - a.png
  lep-plot predictions --rows 64 --columns 64 s.lept >b.png
  [ "$(size b.png | cut -d' ' -f1)" -eq 1456 ]
  for bad in 0 65 x; do
    run --separate-stderr lep-plot predictions --rows $bad s.lept
    [ "$status" -eq 2 ]
  done
}

@test "plot: only wrong ones, compared by name" {
  ten >s.lept
  lep-plot predictions --wrong -v s.lept 2>err >a.png
  grep -q "^lep-plot: 4 of 10 records drawn; 4 are wrong, 0 bad$" err
  lep-cat --match 'r[0369]' s.lept | lep-plot predictions | cmp - a.png
}

@test "plot: a sample depends on the seed alone" {
  ten >s.lept
  lep-plot predictions --shuffle --seed 1 --rows 1 s.lept >a.png
  ten 3 | lep-plot predictions --shuffle --seed 1 --rows 1 | cmp - a.png
  lep-plot predictions --shuffle --seed 2 --rows 1 s.lept >b.png
  run cmp -s a.png b.png
  [ "$status" -eq 1 ]
  lep-plot predictions --shuffle --rows 1 s.lept >c.png
  lep-plot predictions --shuffle --seed 0 --rows 1 s.lept | cmp - c.png
}

@test "plot: no targets, unknown ones, no class given, one probability" {
  ten >s.lept
  lep-cat --drop label s.lept | lep-plot predictions >gray.png
  printf '%s\n' "$fields" 'record a 1,2,3,4 -1 0.5,0.5 0' 'record b 1,2,3,4 0 0.5,0.5 -1' | mkoutputs >t.lept
  lep-plot predictions t.lept >a.png
  lep-plot predictions --wrong -v t.lept 2>err >b.png
  grep -q "1 of 2 records drawn; 1 are wrong" err
  # 0.25 for class 1 is 0.75 for class 0
  f='field image input u8 2x2
field class output i32 - dog|cat'
  printf '%s\nfield probability output f32 1\nrecord a 1,2,3,4 0 0.25\n' "$f" | mkoutputs | lep-plot predictions >one.png
  printf '%s\nfield probability output f32 2\nrecord a 1,2,3,4 0 0.75,0.25\n' "$f" | mkoutputs | lep-plot predictions | cmp - one.png
}

@test "plot: bad records are left out" {
  { echo "$fields"; echo 'record a 1,2,3,4 0 0,1 1'; echo 'bad b'; echo 'record c 4,3,2,1 0 0,1 1'; } | mkoutputs >s.lept
  { echo "$fields"; echo 'record a 1,2,3,4 0 0,1 1'; echo 'record c 4,3,2,1 0 0,1 1'; } | mkoutputs >t.lept
  lep-plot predictions s.lept >a.png
  lep-plot predictions t.lept | cmp - a.png
}

@test "plot: values of f32 are drawn as the bytes they came from" {
  mkdigits . 30 10
  for how in "--gray" "--gray --scale 0.3:0.2" "--rgb --scale 0.1,0.2,0.3:0.4,0.5,0.6"; do
    # shellcheck disable=SC2086
    lep-preprocess $how -o u8.lept train
    # shellcheck disable=SC2086
    lep-preprocess $how --dtype f32 -o f32.lept train
    mkmodel crossentropy 'flatten; dense classes' u8.lept >m.lepm
    lep-infer -m m.lepm u8.lept | lep-plot predictions --shuffle >a.png
    lep-infer -m m.lepm f32.lept | lep-plot predictions --shuffle | cmp - a.png
  done
}

@test "plot: what is to be drawn must be said" {
  run --separate-stderr lep-plot
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "lep-plot: what is to be drawn? predictions" ]
  run --separate-stderr lep-plot confusion
  [ "$status" -eq 2 ]
  run --separate-stderr lep-plot predictions a b
  [ "$status" -eq 2 ]
  run --separate-stderr lep-plot predictions --seed 1 a
  [ "$status" -eq 2 ]
  [ "${stderr_lines[0]}" = "lep-plot: --seed is about --shuffle, which is not given" ]
}
