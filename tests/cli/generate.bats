#!/usr/bin/env bats
# lep-infer --generate: how a text goes on, what a sequence becomes, and what must fail.

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return
  # A text that repeats itself: two hundred characters are learnt by heart in a second.
  for _ in 1 2 3 4 5 6 7 8; do printf 'the cat sat. \303\244hm, yes\n'; done >verse.txt
  cat >gpt.net <<'N'
target text next
embed 32; position learned 32
encoder 2 64 causal
layernorm; dense vocabulary
N
  lep-preprocess --format whole --tokens chars -o verse.lept verse.txt &&
    lep-train -q -n gpt.net --window 24 -b 4 -e 150 --lr 0.01 --optimizer adamw -o gpt.lepm verse.lept || return
  # Words spelled backwards, as sequences: their small letters become capitals.
  awk 'BEGIN { s = 7; print "small\tlarge"
    for (r = 0; r < 240; r++) {
      a = b = ""
      for (i = 0; i < 1 + r % 5; i++) {
        s = (s * 1103 + 12345) % 65536
        k = int(s / 256) % 5 + 1
        a = a substr("abcde", k, 1); b = b substr("ABCDE", k, 1)
      }
      print a "\t" b
    } }' >pairs.tsv
  cat >pairs.net <<'N'
input small { embed 32; position learned 12; encoder 2 64 }
input large; embed 32; position learned 12; decoder 2 64 from small; layernorm; dense vocabulary
N
  lep-preprocess --tokens chars --text small --target-text large -o pairs.lept pairs.tsv &&
    lep-train -q -n pairs.net -b 8 -e 30 --lr 0.003 --optimizer adamw -o pairs.lepm pairs.lept || return
  cut -f 1 pairs.tsv | tail -n +2 >from.txt
}

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  d=$BATS_FILE_TMPDIR
  gpt=(lep-infer -m "$d/gpt.lepm" --generate)
  pairs=(lep-infer -m "$d/pairs.lepm" --generate)
}

# says STATUS WORDS COMMAND...: that exit status, and the words in the first line of standard error.
says() {
  local status=$1 words=$2
  shift 2
  run --separate-stderr "-$status" "$@"
  [[ ${stderr_lines[0]} == *"$words"* ]] || { echo "$stderr"; return 1; }
}

@test "generate: a text that was learnt by heart goes on" {
  run --separate-stderr -0 "${gpt[@]}" --prompt 'the cat' --temperature 0 --length 18
  [ "$output" = $' sat. \303\244hm, yes\nthe' ] || { echo "$output"; false; }
  run --separate-stderr -0 "${gpt[@]}" --prompt 'the cat' --temperature 0 --length 5 --echo
  [ "$output" = 'the cat sat.' ]
  # Far beyond the positions.
  run --separate-stderr -0 "${gpt[@]}" --prompt 'the' --temperature 0 --length 150
  [ "$(head -c 20 <<<"$output")" = ' cat sat. '$'\303\244''hm, yes' ]
  [ "${#output}" -ge 100 ]
}

@test "generate: ends before the stop text, which may come in pieces" {
  run --separate-stderr -0 "${gpt[@]}" --prompt 'the cat' --temperature 0 --stop 'm, y'
  [ "$output" = $' sat. \303\244h' ] || { echo "$output"; false; }
  run --separate-stderr -0 "${gpt[@]}" --prompt 'the cat' --temperature 0 --length 9 --stop 'm, yet'
  [ "$output" = $' sat. \303\244hm' ]
}

@test "generate: the same text for any -j and LEP_ISA, another for another seed" {
  draw=("${gpt[@]}" --prompt 'the ' --temperature 3 --length 200)
  "${draw[@]}" --seed 5 -j 1 >a
  "${draw[@]}" --seed 5 -j 3 >b
  cmp a b
  for isa in portable avx2; do
    LEP_ISA=$isa "${draw[@]}" --seed 5 >b
    cmp a b
  done
  "${draw[@]}" --seed 6 >b
  run cmp -s a b
  [ "$status" -eq 1 ]
  # One choice is no choice.
  "${gpt[@]}" --prompt 'the ' --temperature 0 --length 200 >a
  "${draw[@]}" --top-k 1 >b
  cmp a b
  "${draw[@]}" --top-p 0.000001 >b
  cmp a b
}

@test "generate: what was made goes on as if it had never ended" {
  draw=("${gpt[@]}" --temperature 2 --seed 9)
  "${draw[@]}" --prompt 'the ' --length 90 --echo >whole
  "${draw[@]}" --prompt 'the ' --length 50 --echo >half
  "${draw[@]}" --prompt "$(cat half; printf x)" --length 1 >/dev/null
  half=$(cat half; printf x)
  "${draw[@]}" --prompt "${half%$'\n'x}" --length 40 --echo >rest
  cmp whole rest
}

@test "generate: what is remembered changes nothing: all rows anew give the same ids" {
  # Each token in a program of its own, which remembers none of those before.
  draw=("${gpt[@]}" --temperature 1.5 --seed 4)
  "${draw[@]}" --prompt the --length 70 --echo >whole
  text=the
  for _ in $(seq 70); do
    text=$("${draw[@]}" --prompt "$text" --length 1 --echo; printf x)
    text=${text%$'\n'x}
  done
  printf '%s\n' "$text" | cmp - whole
  # And the network run over the whole text at once, as in training: the most
  # probable id of each row is the one that was made.
  "${gpt[@]}" --prompt 'the cat' --temperature 0 --length 24 --echo | head -c -1 >made
  lep-preprocess --format whole --like "$d/gpt.lepm" made | lep-infer -m "$d/gpt.lepm" | lep-cat --jsonl --values |
    jq -e '.fields | [.class.values[-24:], .text.values[-24:]] | .[0] == .[1] and (.[0] | length) == 24'
}

@test "generate: characters are handed over as they are made" {
  # The reader takes a few and goes: the program must not make a thousand million.
  run timeout 20 bash -c '"$@" | head -c 40 | wc -c' _ "${gpt[@]}" --prompt the --length 1000000000
  [ "$output" -eq 40 ]
}

@test "generate: lines of a stream, in every format" {
  printf 'the c\nthe cat sat. \303\244hm, yes\n' | lep-preprocess --like "$d/gpt.lepm" -o p.lept -
  go=("${gpt[@]}" --temperature 0 --length 4)
  run --separate-stderr -0 "${go[@]}" --format text p.lept
  [ "$output" = $'at s\n\nthe' ] || { echo "$output"; false; }
  run --separate-stderr -0 "${go[@]}" --format jsonl p.lept
  [ "${lines[1]}" = '{"key": "2", "generated": "\nthe"}' ] || { echo "$output"; false; }
  run --separate-stderr -0 "${go[@]}" --format tsv p.lept
  [ "$output" = $'key\tgenerated\n1\tat s\n2\t\\nthe' ] || { echo "$output"; false; }
  "${go[@]}" p.lept | lep-cat --json | grep -qF '{"name": "generated", "role": "output", "dtype": "text"'
}

@test "generate: one line in, one line out, right, whatever the beam" {
  lep-preprocess --like "$d/pairs.lepm" --text small -o f.lept "$d/from.txt"
  cut -f 2 "$d/pairs.tsv" | tail -n +2 >want
  for beam in 1 4; do
    "${pairs[@]}" --beam $beam --format text f.lept >got
    [ "$(wc -l <got)" -eq 240 ]
    # Some may be wrong after a second of training.
    [ "$(paste got want | awk -F '\t' '$1 == $2' | wc -l)" -ge 200 ]
  done
}

@test "generate: a translation is the same alone, in a batch, for any -j and LEP_ISA" {
  lep-preprocess --like "$d/pairs.lepm" --text small -o f.lept <(head -n 40 "$d/from.txt")
  search=("${pairs[@]}" --beam 3 --length-penalty 0.6 --format text)
  "${search[@]}" -j 1 f.lept >a
  "${search[@]}" -j 2 -b 7 f.lept >b
  cmp a b
  "${search[@]}" -j 2 -b 1 f.lept >b
  cmp a b
  for isa in portable avx2; do
    LEP_ISA=$isa "${search[@]}" f.lept >b
    cmp a b
  done
}

@test "generate: the field translation is there for lep-eval; --max-length cuts" {
  "${pairs[@]}" "$d/pairs.lept" >out.lept
  lep-cat --json out.lept | grep -qF '{"name": "translation", "role": "output", "dtype": "text"'
  lep-eval out.lept | grep -qi bleu
  "${pairs[@]}" --max-length 2 --format text "$d/pairs.lept" >got
  [ "$(awk 'length > 2' got | wc -l)" -eq 0 ]
  [ "$(awk 'length == 2' got | wc -l)" -gt 50 ]
}

@test "generate: sequences become as long as those that were learnt, or it is told" {
  # Two small letters become 24 and more: far more than twice as many and 16.
  awk 'BEGIN { split("one thousand,two hundred,three score", word, ","); print "small\tlarge"
    for (r = 0; r < 180; r++) {
      i = r % 3 + 1; k = int(r / 3) % 3 + 1
      print substr("abc", i, 1) substr("abc", k, 1) "\t" word[i] " " word[k]
    } }' >words.tsv
  lep-preprocess --tokens chars --text small --target-text large -o words.lept words.tsv
  cat >words.net <<'N'
input small { embed 32; position sinusoidal; encoder 2 64 }
input large; embed 32; position sinusoidal; decoder 2 64 from small; layernorm; dense vocabulary
N
  train=(lep-train -q -n words.net -b 8 --lr 0.003 --optimizer adamw --seed 1)
  "${train[@]}" -e 25 -o words.lepm words.lept
  # "one thousand one thousand", <end>: 26 of 2 rows.
  [ "$(head -c 4096 words.lepm | grep -ac '^reach 22$')" -eq 1 ]
  run -0 --separate-stderr lep-infer -m words.lepm --generate --beam 2 -o out.lept words.lept
  [ -z "$stderr" ]
  lep-eval --require 'exact_match>=0.9' out.lept >/dev/null
  # What has hardly learnt anything knows no end.
  "${train[@]}" --steps 1 -o words.lepm words.lept
  run -0 --separate-stderr lep-infer -m words.lepm --generate -o out.lept words.lept
  [[ $stderr == 'lep-infer: '*' of 180 sequences end for their length, see --max-length' ]]
  run -0 --separate-stderr lep-infer -m words.lepm --generate --max-length 9 -o out.lept words.lept
  [ -z "$stderr" ]
  for reach in x 15 1024 nan; do
    "$BUILD/tests/tools/mkmodel" crossentropy "$(cat words.net)" words.lept "reach:$reach" >bad.lepm
    says 1 "bad.lepm: its reach is '$reach', not from 16 to 1023" lep-infer -m bad.lepm --generate words.lept
  done
}

@test "generate: prompts that are unknown or empty" {
  run --separate-stderr -0 "${gpt[@]}" --prompt 'the Q' --length 3
  [ "$stderr" = 'lep-infer: --prompt: 1 of 5 ids are unknown to the model' ]
  says 2 '--prompt: an empty text' "${gpt[@]}" --prompt ''
  says 1 '--prompt: invalid UTF-8' "${gpt[@]}" --prompt $'a\377'
  printf 'the\n\nyes\n' | lep-preprocess --like "$d/gpt.lepm" -o e.lept -
  says 1 "record 1 (2): field 'text': an empty text" "${gpt[@]}" --format text e.lept
  run --separate-stderr -0 "${gpt[@]}" --format text --bad keep --temperature 0 --length 2 e.lept
  [ "${lines[1]}" = bad ]
}

@test "generate: options that mean nothing are usage errors" {
  "$BUILD/tests/tools/mkoutputs" <<'X' >s.lept
field x input f32 2
field label target i32 - cat|dog|eel
record a 1,0 0
X
  "$BUILD/tests/tools/mkmodel" crossentropy 'dense classes softmax' s.lept >m.lepm
  says 2 '--beam has no effect without --generate' lep-infer -m m.lepm --beam 4 s.lept
  says 2 "--generate: 'm.lepm' learnt to make no text" lep-infer -m m.lepm --generate --beam 4 s.lept
  says 2 "--generate: 'm.lepm' learnt to make no text that goes on" lep-infer -m m.lepm --generate --prompt cat
  says 2 '--prompt has no effect without --generate' lep-infer -m m.lepm --prompt cat
  says 2 '--top has no effect with --prompt' "${gpt[@]}" --prompt cat --top 3
  says 2 '--beam has no effect with --prompt' "${gpt[@]}" --prompt cat --beam 3
  says 2 '--beam has no effect where a text goes on' "${gpt[@]}" --beam 3 "$d/verse.lept"
  says 2 '--seed has no effect where a sequence is made' "${pairs[@]}" --seed 3 "$d/pairs.lept"
  says 2 "--generate: '$d/pairs.lepm' learnt to make no text that goes on" "${pairs[@]}" --prompt abc
  says 2 '--length-penalty is about --beam' "${pairs[@]}" --length-penalty 2 "$d/pairs.lept"
  says 2 '--temperature 0 draws nothing' "${gpt[@]}" --prompt cat --temperature 0 --top-k 3
  says 2 'a prompt and a stream' "${gpt[@]}" --prompt cat "$d/verse.lept"
  says 2 '--stop: an empty text' "${gpt[@]}" --prompt cat --stop ''
}

@test "generate: a network that looks ahead" {
  "$BUILD/tests/tools/mkmodel" crossentropy 'target text next; embed 8; attention 2; dense vocabulary' "$d/verse.lept" >m.lepm
  says 1 "m.lepm: attention without 'causal' looks at rows still to come" lep-infer -m m.lepm --generate --prompt the
  "$BUILD/tests/tools/mkmodel" crossentropy 'target text next; embed 8; gru 6 both; dense vocabulary' "$d/verse.lept" >m.lepm
  says 1 "m.lepm: gru with 'both' walks from rows still to come" lep-infer -m m.lepm --generate --prompt the
}

@test "generate: standard output closed, full, or gone" {
  run --separate-stderr -1 bash -c '"$@" >&-' _ "${gpt[@]}" --prompt the
  [[ $stderr == 'lep-infer: standard output: '* ]]
  run --separate-stderr -1 bash -c '"$@" >/dev/full' _ "${gpt[@]}" --prompt the
  [[ $stderr == 'lep-infer: '*': No space left on device' ]]
}
