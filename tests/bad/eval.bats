#!/usr/bin/env bats
# lep-eval: what must fail, with its exit status and words, and no score at all.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  make=$BUILD/tests/tools/mkoutputs
  fields='field label target i32 - cat|dog
field class output i32 - cat|dog
field probability output f32 2'
}

# fails WORDS ARGUMENT...: exit 1, nothing on standard output, one line with the words.
fails() {
  local words=$1
  shift
  run --separate-stderr lep-eval "$@"
  [ "$status" -eq 1 ] || { echo "status $status: $stderr"; return 1; }
  [ -z "$output" ] || return 1
  [[ $stderr == "lep-eval: "*"$words"* ]] || { echo "$stderr"; return 1; }
  [ "${#stderr_lines[@]}" -eq 1 ]
}

@test "eval: a stream cut anywhere gives no score" {
  printf '%s\n' "$fields" 'record a 0 0 1,0' 'record b 1 1 0,1' | "$make" >s.lept
  size=$(wc -c <s.lept)
  for ((n = 0; n < size; n += 61)); do
    head -c "$n" s.lept >cut.lept
    fails "" cut.lept
  done
  head -c $((size - 1)) s.lept >cut.lept
  fails "" cut.lept
  run --separate-stderr lep-eval <cut.lept
  [ "$status" -eq 1 ]
  [ -z "$output" ]
}

@test "eval: upstream's reason is passed on" {
  printf '%s\n' "$fields" 'record a 0 0 1,0' 'abort lep-infer: out of luck' | "$make" >s.lept
  fails "out of luck" s.lept
  fails "out of luck" --require 'accuracy>=0' s.lept
}

@test "eval: no records, no targets" {
  printf '%s\n' "$fields" | "$make" >s.lept
  fails "no records" s.lept
  printf '%s\n' "$fields" 'record a -1 0 1,0' | "$make" >s.lept
  fails "nothing to score" s.lept
  printf '%s\n' "$fields" 'bad a' | "$make" >s.lept
  fails "nothing to score" --bad skip s.lept
}

@test "eval: no target field, no output field" {
  printf '%s\n' 'field class output i32 - cat|dog' 'record a 0' | "$make" >s.lept
  fails "s.lept: no target field" s.lept
  printf '%s\n' 'field label target i32 - cat|dog' 'record a 0' | "$make" >s.lept
  fails "s.lept: target 'label' holds classes, but no output does" s.lept
  printf '%s\n' 'field y target f32 -' 'record a 0' | "$make" >s.lept
  fails "no output of numbers" s.lept
}

@test "eval: shapes and kinds that do not fit" {
  printf '%s\n' 'field label target i32 - cat|dog' 'field probability output f32 3' 'record a 0 1,0,0' | "$make" >s.lept
  fails "3 probabilities a case, but 2 classes" s.lept
  printf '%s\n' 'field y target f32 2' 'field prediction output f32 3' 'record a 0,0 0,0,0' | "$make" >s.lept
  fails "differ in shape" s.lept
  printf '%s\n' 'field y target f32 *' 'field prediction output f32 *' 'record a 0,0 0,0,0' | "$make" >s.lept
  fails "differs from the target in shape" s.lept
  printf '%s\n' 'field y target f32 -' 'field class output i32 - a|b' 'record a 0 0' | "$make" >s.lept
  fails "no output of numbers" s.lept
  fails "holds numbers, but output 'class' does not" --prediction class s.lept
}

@test "eval: what is no probability or no number is named" {
  printf '%s\n' "$fields" 'record a 0 0 1,0' 'record b 1 0 0,7.5' | "$make" >s.lept
  fails "record 1 'b': field 'probability': not a probability" s.lept
  printf '%s\n' "$fields" 'record a 0 0 nan,0' | "$make" >s.lept
  fails "record 0 'a': field 'probability': not a probability" s.lept
  printf '%s\n' 'field y target f32 -' 'field prediction output f32 -' 'record a 0 nan' | "$make" >s.lept
  fails "record 0 'a': field 'prediction': not a finite number" s.lept
  printf '%s\n' 'field y target f32 -' 'field prediction output f32 -' 'record a inf 0' | "$make" >s.lept
  fails "field 'y': not a finite number" s.lept
}

@test "eval: missing file, folder, empty file, usage" {
  fails "No such file" none.lept
  fails "" .
  : >empty
  fails "" empty
  run lep-eval a b
  [ "$status" -eq 2 ]
  run lep-eval --bogus
  [ "$status" -eq 2 ]
}

@test "eval: a full disk and a closed standard output fail" {
  printf '%s\n' "$fields" 'record a 0 0 1,0' | "$make" >s.lept
  run bash -c 'lep-eval s.lept >/dev/full'
  [ "$status" -eq 1 ]
  [[ $output == *"No space"* ]]
  run bash -c 'lep-eval s.lept >&-'
  [ "$status" -eq 1 ]
}
