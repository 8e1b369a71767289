#!/usr/bin/env bats
# lep-eval of text and of language models: what must fail, and with which words.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  make=$BUILD/tests/tools/mkoutputs
  printf 'a b\nc d\ne f\n' >ref
  words='a|b|c|<end>'
  model="field text input i32 * $words
recipe text chars rules 1 invalid fail
field logprob output f32 *
field class output i32 * $words"
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

@test "eval: files of different length" {
  printf 'a b\nc d\n' >two
  printf 'a b\nc d\ne f\ng h\ni j' >five
  fails "ref has 3 lines, but two has 2" --reference ref two
  fails "five has 5 lines, but ref has 3" --reference ref five
  fails "five has 5 lines, but <stdin> has 3" --reference five <ref
  : >none
  fails "ref has 3 lines, but none has 0" --reference ref none
  fails "none: no records to score" --reference none none
}

@test "eval: lines that are no UTF-8" {
  printf 'a b\nc \377d\ne f\n' >hyp
  fails "hyp: line 2: byte 3 is no UTF-8" --reference ref hyp
  fails "hyp: line 2: byte 3 is no UTF-8" --reference hyp ref
  # cut within a character; a surrogate
  printf 'a b\nc d\ne \342\202' >hyp
  fails "hyp: line 3: byte 3 is no UTF-8" --reference ref hyp
  printf 'a b\n\355\240\200\ne f\n' >hyp
  fails "hyp: line 2: byte 1 is no UTF-8" --reference ref hyp
}

@test "eval: huge lines: up to 1 MiB, then an error, however long" {
  head -c 1048576 /dev/zero | tr '\0' a >long
  lep-eval -q --require 'cer==0' --reference long long
  # nearly the same, so that it takes no time
  sed 's/^a/b/' long >other
  lep-eval -q --require 'cer<0.000001' --require 'cer>0' --reference long other
  echo a >>long
  echo >>long
  fails "long: line 1: more than 1048576 bytes" --reference long long
  head -c 104857600 /dev/zero | tr '\0' a >huge
  fails "huge: line 1: more than 1048576 bytes" --reference huge huge
  run bash -c 'lep-eval --reference ref <huge'
  [ "$status" -eq 1 ]
  [[ $output == *"<stdin>: line 1: more than 1048576 bytes"* ]]
}

@test "eval: what is no text file" {
  printf '%s\n' 'field label target i32 - a|b' 'field class output i32 - a|b' 'record r 0 1' | "$make" >s.lept
  fails "s.lept: a tensor stream, where lines of text are expected" --reference s.lept ref
  fails "s.lept: a tensor stream, where lines of text are expected" --reference ref s.lept
  fails "No such file" --reference missing ref
  fails "No such file" --reference ref missing
  fails "Is a directory" --reference . ref
  fails "ref: " ref
}

@test "eval: a target of text without an output of text" {
  printf '%s\n' 'field text target text -' 'field prediction output f32 -' 'record x a 1' | "$make" >s.lept
  fails "s.lept: target 'text' is text, but no output is" s.lept
}

@test "eval: log probabilities that are none" {
  for p in nan inf 0.5; do
    printf '%s\n' "$model" "record x 0,1 $p 1" | "$make" >s.lept
    fails "s.lept: record 0 'x': field 'logprob': not a log probability" s.lept
  done
  # a rounding above 0 is forgiven
  printf '%s\n' "$model" "record x 0,1 0.0000001 1" | "$make" >s.lept
  lep-eval -q s.lept
}

@test "eval: rows that do not fit" {
  printf '%s\n' "$model" 'record x 0,1,2 -1,-1 1,1' 'record y 0,1,2 -1,-1,-1 1,1,1' | "$make" >s.lept
  fails "record 1 'y': field 'logprob': its rows fit neither" s.lept
  printf '%s\n' "$model" 'record x 0 -1 1' | "$make" >s.lept
  fails "record 0 'x': field 'logprob': its rows fit neither" s.lept
  printf '%s\n' "$model" 'record x 0,1,2 -1,-1 1' | "$make" >s.lept
  fails "record 0 'x': field 'class': differs from 'logprob' in length" s.lept
  printf '%s\n' "$model" 'record x 0 - -' 'record y - - -' | "$make" >s.lept
  fails "nothing to score: no token was predicted" s.lept
  printf '%s\n' "$model" | "$make" >s.lept
  fails "no records to score" s.lept
}

@test "eval: which ids were to come is not clear, or they are none" {
  printf '%s\n' 'field a input i32 * x|y' 'field b input i32 * x|z' 'field logprob output f32 *' \
    'record r 0,1 0,1 -1' | "$make" >s.lept
  run --separate-stderr lep-eval s.lept
  [ "$status" -eq 2 ]
  [[ $stderr == *"2 fields could be meant: choose one with --target"* ]]
  lep-eval -q --target b s.lept
  printf '%s\n' 'field a input f32 *' 'field logprob output f32 *' 'record r 0,1 -1' | "$make" >s.lept
  fails "target 'a' is no sequence of ids" --target a s.lept
}

@test "eval: a full disk, a cut stream and an interrupted pipe give no score of text" {
  run bash -c 'lep-eval --reference ref ref >/dev/full'
  [ "$status" -eq 1 ]
  [[ $output == *"No space"* ]]
  printf '%s\n' "$model" 'record x 0,1,2 -1,-1 1,1' | "$make" >s.lept
  head -c $(($(wc -c <s.lept) - 64)) s.lept >cut.lept
  fails "" cut.lept
  gzip -c ref | head -c 20 >cut.gz
  fails "cut.gz" --reference cut.gz ref
  [ ! -e out ]
  fails "" -o out --reference ref /dev/null
  [ ! -e out ]
}
