#!/usr/bin/env bats
# The Makefile of the tutorial on a cut of real questions about real pictures.

setup() {
  bats_require_minimum_version 1.5.0
}

@test "easy-VQA: the Makefile of lep(7), from two archives and two tables to a verdict" {
  data=${LEP_DATA:-$BATS_TEST_DIRNAME/../../../shared/data}
  [ -f "$data/easyvqa-train-images.tar" ] || skip "no easy-VQA in LEP_DATA"
  data=$(cd "$data" && pwd)
  cd "$BATS_TEST_TMPDIR"
  awk '/^cat > vqa.mk/ { on = 1; next } on && /^END/ { exit } on' "$BATS_TEST_DIRNAME/../../man/lep.7" |
    sed -e 's/^\\&//; s/\\e/\\/g' >vqa.mk
  lines=$(wc -l <vqa.mk)
  [ "$lines" -gt 15 ]
  [ "$lines" -le 25 ]
  for part in train test; do
    tar -xf "$data/easyvqa-$part-images.tar"
    seq 0 299 | sed 's/$/.png/' | tar --remove-files -cf "cut-$part-images.tar" -T -
    awk -F '\t' 'NR == 1 || $1 + 0 < 300' "$data/easyvqa-$part-questions.tsv" >"cut-$part-questions.tsv"
    rm -f ./*.png
  done
  make -s -f vqa.mk DATA=cut- IMAGES=-images EPOCHS=3 REQUIRE='accuracy>=0.5' >out 2>err
  grep -q '^accuracy' out
  # Made once: nothing but the verdict is made again, and it is make's to tell.
  touch stamp
  run --separate-stderr make -s -f vqa.mk DATA=cut- IMAGES=-images EPOCHS=3 REQUIRE='accuracy>=1.01'
  [ "$status" -eq 2 ] # make's own, where a command of it fails
  [[ $stderr == *'Error 3'* ]]
  [ -z "$(find . -name '*.lep[tm]' -newer stamp)" ]
}
