#!/usr/bin/env bats
# lep-eval: text against text, and language models. Expected values by hand, or from
# a plain program of its own after sacreBLEU's definitions, compared once with this
# one on the 1,000 test lines of Multi30k with words dropped, swapped and shifted.

setup() {
  cd "$BATS_TEST_TMPDIR" || exit 1
  bats_require_minimum_version 1.5.0
  make=$BUILD/tests/tools/mkoutputs
  cat >ref <<'X'
a man in an orange hat stares at something .
two dogs , one black and one white , run through the snow .
a girl in a karate uniform breaks a board with her foot .
five people in winter coats and helmets stand in the snow .
the café's owner doesn't take $20.50 notes -- only 1,000-yen ones .
people fix the roof of a house

a man
X
  cat >hyp <<'X'
a man with an orange hat is staring at something .
two dogs , one white and one black , running in the snow .
a girl in karate dress breaks a stick with a kick .
five people wearing winter jackets and helmets stand in the snow .
the cafe's owner does not take $20.50 notes , only 1,000 yen ones.
people are fixing the roof of the house

the man
X
  # a model of words: three tokens to come in x (the blank before each is theirs),
  # none in y, one in z
  words='<unknown>|a|man|in|hat|<end>'
  model="field text input i32 * $words
recipe text words rules 1 invalid fail
field logprob output f32 *
field class output i32 * $words"
  records='record x 1,2,3,4 -0.5,-1.5,-1 2,3,1
record y 1 - -
record z 1,2 -1 2'
}

# The value of a top-level key of one line of JSON, up to the next key.
json() { sed -n "s/.*[{ ]\"$2\": \(\[[^a-z]*\]\|[^,}[]*\)[,}].*/\1/p" "$1"; }

# is FILE KEY START: the key's value begins so (the last digit is nobody's business).
is() {
  [[ $(json "$1" "$2") == "$3"* ]] || { echo "$2: $(json "$1" "$2"), not $3"; return 1; }
}

# fails STATUS WORDS ARGUMENT...: nothing on standard output, and these words.
fails() {
  local want=$1 words=$2
  shift 2
  run --separate-stderr lep-eval "$@"
  [ "$status" -eq "$want" ] || { echo "status $status: $stderr"; return 1; }
  [ -z "$output" ] || return 1
  [[ ${stderr_lines[0]} == "lep-eval: "*"$words"* ]] || { echo "$stderr"; return 1; }
}

@test "eval: two files of lines: the table" {
  run --separate-stderr lep-eval --reference ref hyp
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  cat >want <<'X'
records                     8
bleu                    28.22  (95 % interval 12.36 to 42.93)
  1-grams               70.83
  2-grams               41.54
  3-grams               22.41
  4-grams                9.62
  brevity penalty      1.0000
  length ratio         1.0286
chrf                    63.40  (95 % interval 50.02 to 72.47)
wer                    0.3571  (95 % interval 0.2574 to 0.4651)
cer                    0.2399  (95 % interval 0.1625 to 0.3352)
exact match            0.1250  (95 % interval 0.0000 to 0.3750)
tokens                     72
reference tokens           70
tokenizer                none
X
  printf '%s\n' "$output" | diff want -
}

@test "eval: two files of lines: the values of the reference program" {
  lep-eval --json --reference ref hyp >a
  [ "$(wc -l <a)" -eq 1 ]
  is a bleu 28.21905894104645
  is a bleu_precision '[70.83333333333333, 41.53846153846154, 22.413793103448278, 9.615384615384615]'
  is a brevity_penalty 1
  is a length_ratio 1.028571428571428
  is a chrf 63.4004355949731
  is a wer 0.3571428571428571
  is a cer 0.239875389408099
  is a exact_match 0.125
  is a tokens 72
  is a reference_tokens 70
  is a reference_characters 321
  is a tokenizer '"none"'
}

@test "eval: the 13a tokenizer changes what is counted in tokens only" {
  lep-eval --json --reference ref hyp >a
  lep-eval --json --tokenize 13a --reference ref hyp >b
  is b bleu 31.40401487590072
  is b wer 0.3150684931506849
  is b tokens 74
  is b reference_tokens 73
  is b tokenizer '"13a"'
  [ "$(json a chrf)" = "$(json b chrf)" ]
  [ "$(json a cer)" = "$(json b cer)" ]
}

@test "eval: by hand: BLEU is smoothed, and of the corpus" {
  # 3/4, 2/3, 1/2 and 1/2 of the 1 that does not match: the fourth root of 1/8
  lep-eval --json --reference <(echo this is a test) <(echo this is a fest) >a
  is a bleu 59.460355750136
  # all match, four of five tokens: exp(1 - 5/4)
  lep-eval --json --reference <(echo a b c d e) <(echo a b c d) >a
  is a bleu 77.880078307140
  is a brevity_penalty 0.778800783071404
  # 5/8, 3/6, 2/4, 1/2 over both lines: the fourth root of 5/64
  lep-eval --json --reference <(printf '%s\n' 'a b c d' 'e f g h') <(printf '%s\n' 'a b c d' 'e x y z') >a
  is a bleu 52.868
}

@test "eval: standard input is the text, or the reference; gzip is seen through" {
  lep-eval --json --reference ref hyp >a
  lep-eval --json --reference ref <hyp >b
  lep-eval --json --reference - hyp <ref >c
  gzip -k hyp
  lep-eval --json --reference ref hyp.gz >d
  sed 's/$/\r/' ref >crlf
  printf '\357\273\277' | cat - crlf >bom
  lep-eval --json --reference bom hyp >f
  cmp a b
  cmp a c
  cmp a d
  cmp a f
  head -c -1 hyp >open
  lep-eval --json --reference ref open >g
  cmp a g
}

@test "eval: requirements of text, of its intervals and n-grams" {
  lep-eval -q --require 'bleu>=28' --require 'bleu_lower>12' --require 'bleu_upper < 43' --require 'chrf>63.4' \
    --require 'wer<=0.36' --require 'cer<0.24' --require 'bleu_precision[4]>9.6' --require 'brevity_penalty==1' \
    --require 'exact_match_lower==0' --require 'tokens==72' --require 'records==8' --reference ref hyp
  run --separate-stderr lep-eval --require 'bleu>=30' --require 'chrf_lower>=60' --reference ref hyp
  [ "$status" -eq 3 ]
  [[ ${lines[0]} == "records "* ]]
  [[ $stderr == "lep-eval: requirement not met: bleu>=30 (is 28.2190589410464"*"); chrf_lower>=60 (is 50.0162107754783"*")" ]]
}

@test "eval: requirements that have no meaning for text are usage" {
  while IFS= read -r r; do
    fails 2 "requirement '$r': " --require "$r" --reference ref hyp
  done <<'X'
accuracy>0.5
perplexity<5
bleu.macro>5
bleu[1]>5
bleu_lower[1]>5
bleu_precision>5
bleu_precision[0]>5
bleu_precision[5]>5
tokens_lower>5
brevity_penalty_upper>5
log_loss<1
X
  fails 2 "an interval needs --resamples" --resamples 0 --require 'bleu_lower>1' --reference ref hyp
}

@test "eval: intervals: seed and resamples, no resamples, one line" {
  lep-eval --json --reference ref hyp >a
  lep-eval --json --seed 0 --resamples 1000 --reference ref hyp >b
  cmp a b
  lep-eval --json --seed 1 --reference ref hyp >c
  [ "$(json a chrf)" = "$(json c chrf)" ]
  [ "$(json a chrf_interval)" != "$(json c chrf_interval)" ]
  lep-eval --resamples 0 --reference ref hyp >d
  grep -q '^chrf  *63.40$' d
  head -n 1 ref >r1
  head -n 1 hyp >h1
  lep-eval --reference r1 h1 >e
  grep -q '^bleu  *[0-9.]*$' e
  grep -qF '"bleu_interval": [null, null]' <(lep-eval --json --reference r1 h1)
}

@test "eval: more lines than are resampled one by one: bounded, and the same value" {
  for _ in {1..1500}; do cat ref; done >many.ref
  for _ in {1..1500}; do cat hyp; done >many.hyp
  lep-eval --json --reference ref hyp >a
  lep-eval --json --reference many.ref many.hyp >b
  [ "$(json a bleu)" = "$(json b bleu)" ]
  [ "$(json a cer)" = "$(json b cer)" ]
  is b tokens 108000
  lep-eval -q --require 'bleu_upper<29' --require 'bleu_lower>27.5' --require 'records==12000' --reference many.ref many.hyp
}

@test "eval: empty lines: no reference, no hypothesis, neither" {
  lep-eval --json --reference <(printf 'a b c d\n\n') <(printf '\na b\n') >a
  is a bleu 0
  is a chrf 0
  # four edits of the first line, two of the second
  is a wer 1.5
  lep-eval --json --reference <(echo) <(echo) >a
  is a bleu 0
  is a wer null
  is a cer null
  is a length_ratio null
  is a exact_match 1
  fails 3 "wer<=9 (is undefined)" -q --require 'wer<=9' --reference <(echo) <(echo a)
  # no four tokens anywhere: no BLEU, however right
  lep-eval --json --reference <(printf 'a b c\nd\n') <(printf 'a b c\nd\n') >a
  is a bleu 0
  is a bleu_precision '[100, 100, 100, 0]'
  is a chrf 100
}

@test "eval: a stream of text, and ids that are decoded" {
  printf '%s\n' "field text target i32 * $words" 'recipe text words rules 1 invalid fail' 'field translation output text -' \
    'record x 1,2,3,4 a_man_in_cat' 'record y 1,2,5 -' 'record z 1,4 a_hat' >lines
  "$make" <lines >s.lept
  "$make" 3 <lines >p.lept
  lep-eval --json --reference <(printf '%s\n' 'a man in hat' 'a man' 'a hat') \
    <(printf '%s\n' 'a man in cat' '' 'a hat') >want
  lep-eval --json s.lept >a
  lep-eval --json p.lept >b
  cmp want a
  cmp want b
  # characters stand one behind the other
  printf '%s\n' "field text target i32 * a|b|c| |<end>" 'recipe text chars rules 1 invalid fail' \
    'field given output i32 * a|b|c| |<end>' 'recipe text chars rules 1 invalid fail' \
    'record x 0,1,3,2,4 1,1,3,2' | "$make" >s.lept
  lep-eval --json s.lept >a
  lep-eval --json --reference <(echo 'ab c') <(echo 'bb c') >want
  cmp want a
}

@test "eval: tokens that the vocabulary lacks are counted" {
  printf '%s\n' "field text target i32 * $words" 'recipe text words rules 1 invalid fail' \
    'field translation output text -' 'record x 1,0,3,0 a_man_in_<unknown>' 'record y 0 <unknown>' | "$make" >s.lept
  lep-eval --json s.lept >a
  is a unknown 3
  # a man in <unknown> against a <unknown> in <unknown>
  is a exact_match 0.5
  is a wer 0.2
  run lep-eval s.lept
  [[ $output == *"unknown                     3  (tokens whose text is not known)"* ]]
  fails 3 "requirement not met: unknown==0 (is 3)" -q --require 'unknown==0' s.lept
  # of a language model those that were to come
  printf '%s\n' "$model" 'record x 0,1,0,3 -1,-1,-1 1,1,1' | "$make" >s.lept
  lep-eval -q --require 'unknown==1' s.lept
  lep-eval -q --require 'unknown==0' --reference ref hyp
}

@test "eval: which field is the text that was given" {
  printf '%s\n' 'field text target text -' 'field one output text -' 'field two output text -' \
    'record x a_b a_b c_d' | "$make" >s.lept
  fails 2 "2 fields could be meant: choose one with --prediction" s.lept
  lep-eval -q --prediction one --require 'exact_match==1' s.lept
  lep-eval -q --prediction two --require 'exact_match==0' s.lept
  fails 2 "no field 'three'" --prediction three s.lept
  printf '%s\n' 'field text target text -' 'field one output text -' 'field translation output text -' \
    'record x a_b a_b c_d' | "$make" >s.lept
  lep-eval -q --require 'exact_match==0' s.lept
}

@test "eval: bad records of text: nothing is known, or they are left out" {
  printf '%s\n' 'field text target text -' 'field translation output text -' 'record x a a' 'bad y' | "$make" >s.lept
  lep-eval --json s.lept >a
  is a bleu null
  is a cases 2
  lep-eval --json --bad skip s.lept >a
  is a exact_match 1
  is a cases 1
  is a bad 1
  run lep-eval s.lept
  [[ $output == *"bad                         1  (no text to compare)"* ]]
}

@test "eval: a language model: the next token" {
  printf '%s\n' "$model" "$records" | "$make" >s.lept
  printf '%s\n' "$model" "$records" | "$make" 2 >p.lept
  run --separate-stderr lep-eval --resamples 0 s.lept
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
  # exp(4/4); 4 / ln 2 / 15 bytes of " man in hat" and " man"; 3 of 4 right
  cat >want <<'X'
records                     3
perplexity             2.7183
bits per byte          0.3847
token accuracy         0.7500
log loss               1.0000
tokens                      4
bytes                      15
X
  printf '%s\n' "$output" | diff want -
  lep-eval --json s.lept >a
  lep-eval --json p.lept >b
  cmp a b
  is a perplexity 2.71828182845904
  is a bits_per_byte 0.38471867757039
  is a cases 3
  lep-eval -q --require 'perplexity<=2.72' --require 'bits_per_byte<0.39' --require 'token_accuracy>=0.75' \
    --require 'token_accuracy_lower>0.5' --require 'log_loss<=1' --require 'bytes==15' s.lept
  fails 3 "requirement not met: perplexity<=2.5 (is 2.718281828459" -q --require 'perplexity<=2.5' s.lept
}

@test "eval: a language model: a sequence of its own, to its end; ids by name" {
  printf '%s\n' 'field source input text -' 'field to target i32 * a|hat|<end>' 'recipe text words rules 1 invalid fail' \
    'field logprob output f32 *' 'field class output i32 * <end>|hat|cat|a' \
    'record x a_hat 0,1 -0.5,-1.5,-1 3,2,0' 'record y - - -1 0' 'record z a 0 -3,-1 3,1' | "$make" >s.lept
  lep-eval --json s.lept >a
  # -8 over 6 tokens; bytes of "a hat", "" and "a"; a, end; end; a
  is a perplexity 3.79366789468317
  is a bytes 6
  is a tokens 6
  is a bits_per_byte 1.9235933878519
  is a token_accuracy 0.6666666666666666
}

@test "eval: a language model: bytes of characters, -infinity, no class, no ids" {
  printf '%s\n' 'field text input i32 * a|é|<end>' 'recipe text chars rules 1 invalid fail' 'field logprob output f32 *' \
    'field class output i32 * a|é|<end>' 'record x 0,1,0,2 -1,-1,-inf 1,1,1' 'record y 0,1 -1 -1' | "$make" >s.lept
  lep-eval --json s.lept >a
  is a bytes 5
  is a token_accuracy 0.25
  is a perplexity null
  run lep-eval s.lept
  [[ $output == *"perplexity                inf"* ]]
  fails 3 "perplexity<9" -q --require 'perplexity<9' s.lept
  printf '%s\n' 'field logprob output f32 *' 'record x -1,-3' 'record y -2' | "$make" >s.lept
  lep-eval --json s.lept >a
  is a perplexity 7.3890560989306
  is a bits_per_byte null
  is a token_accuracy null
  fails 2 "requirement 'bits_per_byte<1': the stream has no ids with a recipe of text" --require 'bits_per_byte<1' s.lept
  fails 2 "requirement 'token_accuracy>0': the stream has no output 'class'" --require 'token_accuracy>0' s.lept
}

@test "eval: a language model: ids that are none are left out; bad records" {
  printf '%s\n' "$model" 'record x 1,-1,3,4 -0.5,-1.5,-1 2,3,1' | "$make" >s.lept
  lep-eval --json s.lept >a
  is a unlabelled 1
  is a tokens 2
  is a log_loss 1.25
  is a token_accuracy 0.5
  printf '%s\n' "$model" "$records" 'bad w' | "$make" >s.lept
  lep-eval --json s.lept >a
  is a perplexity null
  lep-eval --json --bad skip s.lept >a
  is a perplexity 2.718281828459
  run lep-eval s.lept
  [[ $output == *"bad                         1  (no tokens to measure)"* ]]
}

@test "eval: options that have no meaning for what is scored are usage" {
  printf '%s\n' "$model" "$records" | "$make" >lm.lept
  printf '%s\n' 'field label target i32 - a|b' 'field class output i32 - a|b' 'record r 0 1' | "$make" >c.lept
  printf '%s\n' 'field y target f32 -' 'field prediction output f32 -' 'record r 0 1' | "$make" >n.lept
  fails 2 "--tokenize has no meaning for language models" --tokenize 13a lm.lept
  fails 2 "--confusion has no meaning for language models" --confusion lm.lept
  fails 2 "--seed has no meaning for classes" --seed 1 c.lept
  fails 2 "--resamples has no meaning for numbers" --resamples 10 n.lept
  fails 2 "--top has no meaning for numbers" --top 3 n.lept
  for option in '--top 2' --confusion --per-class '--target x' '--prediction x' '--bad skip' --force; do
    # shellcheck disable=SC2086
    fails 2 "${option%% *} has no meaning beside --reference" $option --reference ref hyp
  done
  fails 2 "one text at most, not 2" --reference ref hyp hyp
  fails 2 "standard input is reference and text at once" --reference -
  fails 2 "standard input is reference and text at once" --reference - -
}
