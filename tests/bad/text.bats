#!/usr/bin/env bats
# lep-preprocess on text: what must fail, with one line saying why.

setup() {
  case ${BUILD:-build} in
  /*) tools=$BUILD/tests/tools ;;
  *) tools=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/${BUILD:-build}/tests/tools ;;
  esac
  cd "$BATS_TEST_TMPDIR" || return 1
  printf 'text,label\na b,x\nb c,y\n' >t.csv
  printf 'a b\nb c\n' >t.txt
}

# fails STATUS WORDS COMMAND...: exit status, one line with the words on standard
# error; where the call was right, standard output is a stream that says the same.
fails() {
  local want=$1 words=$2 status=0
  shift 2
  "$@" <"${in:-/dev/null}" >out 2>err || status=$?
  if [ "$status" -ne "$want" ] || ! grep -qF -- "$words" err || [ "$(wc -l <err)" -ne $((want == 2 ? 2 : 1)) ]; then
    echo "$*: status $status, err: $(cat err)"
    return 1
  fi
  grep -q '^lep-preprocess: ' err
  if [ "$want" -eq 2 ]; then
    [ ! -s out ]
  else
    aborts "$(sed 's/^lep-preprocess: //' err)"
  fi
}

# The output ends in ABORT with these words.
aborts() {
  local status=0
  lep-cat --check out 2>why || status=$?
  if [ "$status" -ne 1 ] || ! grep -qF "upstream failed: lep-preprocess: $1" why; then
    echo "lep-cat: $status: $(cat why)"
    return 1
  fi
}

@test "bytes that are no UTF-8: an error, left out, kept as bad, or replaced" {
  printf 'good\nna\xefve\nlast\n' >t.txt
  fails 1 't.txt: line 2: invalid UTF-8: byte 0xef, 2 bytes in' lep-preprocess t.txt
  printf 'text\ngood\n"na\xefve"\n' >t.csv
  fails 1 "t.csv: line 3: 'text': invalid UTF-8: byte 0xef, 2 bytes in" lep-preprocess t.csv
  lep-preprocess --bad skip t.txt >s 2>err
  [ "$(cat err)" = 'lep-preprocess: t.txt: line 2: invalid UTF-8: byte 0xef, 2 bytes in: left out
lep-preprocess: 1 bad sample left out' ]
  [ "$(lep-cat --table text s | tr '\n' ' ')" = '<unknown> good last ' ]
  [ "$(lep-cat --tsv s | cut -f 1 | tr '\n' ' ')" = 'key 1 3 ' ]
  lep-preprocess --bad keep t.txt >s 2>err
  [ "$(cat err)" = 'lep-preprocess: 1 bad sample kept as bad record' ]
  lep-cat --jsonl s | sed -n 2p | grep -qF '"key": "2", "status": "bad", "cause": "invalid UTF-8: byte 0xef, 2 bytes in"'
  lep-preprocess --invalid replace --tokens chars t.txt >s
  [ "$(lep-cat --tsv s | sed -n 3p)" = $'2\tna\xef\xbf\xbdve' ]
  head -c 512 s | grep -axq 'recipe text chars rules 1 invalid replace'
  # A surrogate and a longer form are none either.
  printf '\xed\xa0\x80\n' >t.txt
  fails 1 'line 1: invalid UTF-8: byte 0xed, 0 bytes in' lep-preprocess t.txt
  printf '\xc0\x80\n' >t.txt
  fails 1 'line 1: invalid UTF-8: byte 0xc0, 0 bytes in' lep-preprocess --tokens bytes t.txt
}

@test "NUL bytes are invalid in every format" {
  printf 'a\0b\n' >t.txt
  fails 1 't.txt: line 1: a NUL byte, 1 bytes in' lep-preprocess t.txt
  printf 'text\na\0b\n' >t.csv
  fails 1 "t.csv: line 2: 'text': a NUL byte, 1 bytes in" lep-preprocess t.csv
  printf '{"text": "a\\u0000b"}\n' >t.jsonl
  fails 1 "t.jsonl: line 1: 'text': a NUL byte, 1 bytes in" lep-preprocess t.jsonl
  lep-preprocess --invalid replace --tokens bytes t.txt | lep-cat --tsv | sed -n 2p | cmp - <(printf '1\ta\xef\xbf\xbdb\n')
  printf 'text,label\na,x\0y\n' >t.csv
  fails 1 "t.csv: line 2: 'label': a NUL byte" lep-preprocess t.csv
  # UTF-16, as other systems write it
  printf '\xff\xfea\0b\0\n\0' >t.txt
  fails 1 'line 1: invalid UTF-8: byte 0xff, 0 bytes in' lep-preprocess t.txt
}

@test "a quote that is not closed ends the run, whatever --bad" {
  printf 'text\na\n"b\nc\n' >t.csv
  for bad in fail skip keep; do
    fails 1 't.csv: line 3: a quote that is not closed' lep-preprocess --bad $bad t.csv
  done
  printf 'text\na\n"b"c\n' >t.csv
  fails 1 't.csv: line 3: text behind a closing quote' lep-preprocess t.csv
}

@test "a line of 100 MB is one clear line and little memory, and the next line is read" {
  long() {
    printf 'a\n'
    head -c 100000000 /dev/zero | tr '\0' x
    printf '\nb\n'
  }
  printf 'a b\n' | lep-preprocess --tokens words >s
  long >t.txt
  (
    [[ $BUILD == *sanitize* ]] || ulimit -v 150000
    fails 1 't.txt: line 2: a line of more than 16777216 bytes' lep-preprocess --like s t.txt
    long | lep-preprocess --like s --bad skip 2>err | lep-cat --tsv >out
    [ "$(tr '\n\t' '|:' <out)" = 'key:text|1:a|3:b|' ]
    { printf 'text\na\n'; long; } >t.csv
    fails 1 't.csv: line 4: row too long' lep-preprocess --like s --bad skip t.csv
    { printf 'text\n"a'; long; } >t.csv
    fails 1 't.csv: line 2: row too long: a quote that is not closed?' lep-preprocess --like s t.csv
    { printf '{"text": "a"}\n{"text": "'; long; printf '"}\n{"text": "b"}'; } | tr -d '\n' >t.jsonl
    fails 1 't.jsonl: line 1: a line of more than 16777216 bytes' lep-preprocess --like s t.jsonl
  )
  # 16 MiB exactly are a line.
  { head -c 16777216 /dev/zero | tr '\0' x; echo; } >t.txt
  lep-preprocess --like s t.txt | lep-cat --check
  { head -c 16777217 /dev/zero | tr '\0' x; echo; } >t.txt
  fails 1 'line 1: a line of more than' lep-preprocess --like s t.txt
}

@test "texts of unknown words only, and empty ones, are records" {
  lep-preprocess t.csv >s
  printf 'q w\n\n' | lep-preprocess --like s -v >out 2>err
  grep -q '2 records, 2 ids, 2 of them <unknown>' err
  [ "$(lep-cat --tsv out | tr '\n\t' '|:')" = 'key:text|1:<unknown> <unknown>|2:|' ]
  # With a vocabulary of others one line says how many; an empty text is none of them.
  printf 'q w\na q\n\n' | lep-preprocess --like s >out 2>err
  [ "$(cat err)" = 'lep-preprocess: texts of unknown tokens only: 1' ]
  printf 'a\n' >names
  printf 'q\nw\na' | lep-preprocess --vocabulary-from names --end >out 2>err
  [ "$(cat err)" = 'lep-preprocess: texts of unknown tokens only: 2' ]
  printf 'q w\n' | lep-preprocess --like s -q >out 2>err
  [ ! -s err ]
  # Of the text's own vocabulary that is a choice.
  printf 'a a\nb\n' | lep-preprocess --vocabulary 2 >out 2>err
  [ ! -s err ]
}

@test "a model answers unknown words and no words; a vocabulary that is not its own is one clear line" {
  lep-preprocess -o s t.csv
  for net in bag lstm transformer; do
    lep-train -q -n $net -e 1 -o m.lepm s
    printf 'q w\n\nb\n' | lep-preprocess -q --like m.lepm | lep-infer -m m.lepm --format text >out
    [ "$(grep -cx '[xy]' out)" -eq 3 ]
  done
  printf 'text,label\na c,x\n' >u.csv
  for recipe in '' --any-recipe; do
    status=0
    # shellcheck disable=SC2086
    lep-preprocess u.csv | lep-infer -m m.lepm $recipe >out 2>err || status=$?
    [ "$status" -eq 1 ]
    [ "$(cat err)" = "lep-infer: <stdin>: field 'text': its table is not the model's" ]
  done
  # As many entries, other ones.
  printf 'text,label\nd d b,x\nb c,y\n' >u.csv
  lep-preprocess -o u u.csv
  [ "$(lep-cat --table text u | wc -l)" -eq "$(lep-cat --table text s | wc -l)" ]
  run lep-infer -m m.lepm -o out.lept u
  [ "$status" -eq 1 ]
  [ "$output" = "lep-infer: u: field 'text': its table is not the model's" ]
}

@test "rows of another number of columns are bad samples" {
  printf 'text,label\na,x\nb\nc,y,z\nd,y\n' >t.csv
  fails 1 't.csv: line 3: 1 column, where the first row has 2' lep-preprocess t.csv
  lep-preprocess --bad skip t.csv 2>err >out
  grep -qF 't.csv: line 4: 3 columns, where the first row has 2: left out' err
  [ "$(lep-cat --tsv out | cut -f 1 | tr '\n' ' ')" = 'key 2 5 ' ]
  fails 1 'line 3: 1 column, where the first row has 2' lep-preprocess --format csv --no-header --text 1 t.csv
}

@test "columns that are not there, or twice" {
  fails 1 "t.csv: no column 'question'" lep-preprocess --text question t.csv
  printf 'text;label\na;b\n' >u.csv
  fails 1 "u.csv: no column 'label' among 'text;label'" lep-preprocess --text label u.csv
  seq -s , 100000 100040 >u.csv
  fails 1 "u.csv: no column 'text' among '100000', '100001', " lep-preprocess u.csv
  grep -q "'100014', \.\.\.$" err || { cat err; false; }
  { head -c 3000 /dev/zero | tr '\0' x; echo ',b'; } >u.csv
  fails 1 "u.csv: no column 'text' among ..." lep-preprocess u.csv
  fails 1 "t.csv: no column 'topic'" lep-preprocess --text text --label topic t.csv
  fails 1 "t.csv: no column 'id'" lep-preprocess --key id t.csv
  fails 1 "t.csv: line 1: no column 3 among 2" lep-preprocess --no-header --text 3 t.csv
  fails 2 "--text text: no column's number, from 1" lep-preprocess --no-header --text text t.csv
  fails 2 "--key 0: no column's number" lep-preprocess --no-header --text 1 --key 0 t.csv
  fails 2 "--text 0: no column's number" lep-preprocess --no-header --text 0 t.csv
  printf 'text,text\na,b\n' >t.csv
  fails 1 "t.csv: two columns are named 'text'" lep-preprocess t.csv
  printf 'question\na\n' >t.csv
  fails 1 "t.csv: no column 'text'" lep-preprocess t.csv
  printf 'text,label\na,\n' >t.csv
  fails 1 "no row has a label in 'label'" lep-preprocess --text text --label label t.csv
}

@test "broken JSON Lines: one line a mistake" {
  bad() {
    printf '%s\n' "$2" >t.jsonl
    fails 1 "$1" lep-preprocess t.jsonl
    grep -q 't.jsonl: line 1: ' err
  }
  bad "'text' comes twice" '{"text": "a", "text": "b"}'
  bad "'text' is an object" '{"text": {"a": "b"}}'
  bad "'text' is an array" '{"text": ["b"]}'
  bad "'text' is a number, not a text" '{"text": 7}'
  bad "'text' is true or false, not a text" '{"text": false}'
  bad "'text' is null, not a text" '{"text": null}'
  bad "no 'text'" '{"Text": "a"}'
  bad 'broken JSON, 0 bytes in: no object' '["text"]'
  bad 'broken JSON, 11 bytes in: a comma or } is missing' '{"text":"a"'
  bad 'broken JSON, 11 bytes in: a string that is not closed' '{"text":"a}'
  bad 'broken JSON, 12 bytes in: something behind the object' '{"text":"a"}{"text":"b"}'
  bad 'a key is missing' '{"text":"a",}'
  bad 'a colon is missing' '{"text"}'
  bad 'a value is missing' '{"text":}'
  bad 'an unknown escape' '{"text":"\a"}'
  bad 'four hexadecimal digits' '{"text":"\u12g4"}'
  bad 'a lone surrogate' '{"text":"\ud800x"}'
  bad 'a lone surrogate' '{"text":"\ud800\u0041"}'
  bad 'a lone surrogate' '{"text":"\udc00"}'
  bad 'a control character in a string' "$(printf '{"text":"a\tb"}')"
  bad 'a digit is missing' '{"x":1.,"text":"a"}'
  bad 'a comma or } is missing' '{"x":01,"text":"a"}'
  bad 'a value is missing' '{"x":nul,"text":"a"}'
  bad 'nested too deeply' "{\"x\":$(printf '[%.0s' $(seq 100)) , \"text\":\"a\"}"
  { echo '{"text":"a"}'; echo '{'; echo '{"text":"b"}'; } >t.jsonl
  lep-preprocess --bad skip t.jsonl 2>err >out
  grep -qF 't.jsonl: line 2: broken JSON, 1 bytes in: a key is missing: left out' err
  [ "$(lep-cat --tsv out | cut -f 1 | tr '\n' ' ')" = 'key 1 3 ' ]
}

@test "a vocabulary that is too small, empty, not one, or has doubles" {
  fails 2 'a vocabulary of 1 entries is too small: words need 1, and more' lep-preprocess --vocabulary 1 t.txt
  fails 2 'a vocabulary of 2 entries is too small: words need 1 and an end, and more' lep-preprocess --vocabulary 2 --end t.txt
  fails 2 'a vocabulary of 256 entries is too small: bpe need 256, and more' lep-preprocess --tokens bpe --vocabulary 256 t.txt
  fails 1 'nothing in the text occurs 9 times' lep-preprocess --min-count 9 t.txt
  printf 'a\nb\na\n' >names
  fails 1 'names: line 3 has an entry that came before' lep-preprocess --vocabulary-from names t.txt
  printf 'a\n\nb\n' >names
  fails 1 'names: line 2 is empty' lep-preprocess --vocabulary-from names t.txt
  printf 'a\\q\n' >names
  fails 1 'names: line 1 has an unknown escape' lep-preprocess --vocabulary-from names t.txt
  printf 'a\nb\n' >names
  fails 1 "field 'text': a vocabulary of bpe begins with the 256 bytes" lep-preprocess --tokens bpe --vocabulary-from names t.txt
  fails 1 'nowhere: No such file' lep-preprocess --vocabulary-from nowhere t.txt
  seq 1000000 1999999 >names
  fails 1 'names: a vocabulary of 1000001 entries is too large' lep-preprocess --vocabulary-from names t.txt
  seq 1000000 1999999 >t.txt
  fails 1 'a vocabulary of 1000001 entries is too large' lep-preprocess t.txt
}

@test "no input at all" {
  : >none
  for format in lines whole csv tsv jsonl; do
    fails 1 'none: no text to take a vocabulary from' lep-preprocess --format $format none
  done
  printf 'text,label\n' >t.csv
  fails 1 'no text to take a vocabulary from' lep-preprocess --text text t.csv
  echo >t.txt
  fails 1 'no text to take a vocabulary from' lep-preprocess t.txt
  fails 1 'nowhere.txt: No such file or directory' lep-preprocess nowhere.txt
  mkdir folder
  fails 1 'folder: Is a directory' lep-preprocess --tokens words folder
  gzip <t.csv | head -c 20 >t.csv.gz
  fails 1 't.csv.gz: truncated gzip data' lep-preprocess t.csv.gz
}

@test "--like: a model of something else, or of other fields" {
  mkdir -p p/a
  "$tools/mkpicture" 2 2 gray 1 >p/a/1.png
  lep-preprocess p >pictures
  lep-preprocess t.csv >s
  fails 1 'pictures: no field in it is prepared from text' lep-preprocess --like pictures t.txt
  lep-cat --drop text s >labels
  fails 1 'labels: no field in it is prepared from text' lep-preprocess --like labels --text text t.csv
  fails 1 "no column 'text' (--text text=COLUMN names another)" lep-preprocess --like s --format csv <(printf 'q\na\n')
  fails 1 "no column 'q'" lep-preprocess --like s --text q t.csv
  fails 2 "--text: s has no such field 'q'" lep-preprocess --like s --text q=text t.csv
  fails 2 '--target-text: s has no field for it' lep-preprocess --like s --target-text label t.csv
  fails 2 "--text: s has no such field 'question'" lep-preprocess --like s --text question t.txt
  printf 'text,label\na,q\n' | lep-preprocess --format csv --text text --label label -o q
  fails 1 "t.csv: line 2: class 'x' is not among those of q" lep-preprocess --like q --text text t.csv
  for option in '--tokens chars' '--case keep' '--invalid replace' '--truncate 3' --end '--vocabulary 9' '--min-count 2' \
    '--vocabulary-from s' --shared-vocabulary; do
    # shellcheck disable=SC2086
    fails 2 "${option%% *} and --like exclude each other" lep-preprocess --like s $option t.csv
  done
}

@test "options without effect, or against each other" {
  fails 2 '--gray is about pictures, and the input is text' lep-preprocess --gray t.csv
  fails 2 '--size is about pictures, and the input is text' lep-preprocess --size 3 --tokens words t
  fails 2 '--manifest is about pictures' lep-preprocess --manifest t.csv --text text
  fails 2 '--no-header is about CSV and TSV, not lines' lep-preprocess --no-header t.txt
  fails 2 '--key: lines have no columns' lep-preprocess --key id t.txt
  fails 2 '--label topic: lines have no columns' lep-preprocess --label topic t.txt
  fails 2 '--target-text topic: whole have no columns' lep-preprocess --format whole --target-text topic t.txt
  fails 2 '--text =text: a field without a name' lep-preprocess --text =text t.csv
  fails 2 '--text a=b: lines have no columns' lep-preprocess --text a=b t.txt
  fails 2 '--text: lines hold one text each, not 2' lep-preprocess --text a --text b t.txt
  fails 2 "--text: there is a field 'text' already" lep-preprocess --text text --text text t.csv
  fails 2 "--label: there is a field 'text' already" lep-preprocess --text text --label text t.csv
  fails 2 '--label and --no-labels exclude each other' lep-preprocess --text text --label label --no-labels t.csv
  fails 2 '--classes is about --label, which is not given' lep-preprocess --text text --classes a t.csv
  fails 2 '--vocabulary-from and --vocabulary, --min-count or --shared-vocabulary exclude' lep-preprocess \
    --vocabulary-from s --vocabulary 9 t.csv
  fails 2 '--tokens bytes has a vocabulary of its own' lep-preprocess --tokens bytes --vocabulary 9 t.csv
  fails 2 '--shared-vocabulary: there is one text only' lep-preprocess --shared-vocabulary t.csv
  fails 2 '--end is about --text, which is not given' lep-preprocess --end --target-text text t.csv
  fails 2 '--no-header: which column is the text? --text 1 is the first' lep-preprocess --no-header t.csv
  fails 2 't.csv looks like csv, t.txt like lines: --format says what they are' lep-preprocess t.csv t.txt
  fails 2 '--truncate' lep-preprocess --truncate 0 t.csv
}

@test "keys that are missing, empty or too long" {
  printf 'text,id\na,\nb,%s\n' "$(printf 'x%.0s' $(seq 4097))" >t.csv
  fails 1 "t.csv: line 3: 'id': a key of 4097 bytes, at most 4096" lep-preprocess --key id t.csv
  lep-preprocess --key id --bad keep t.csv >s 2>err
  [ "$(lep-cat --jsonl s | grep -o '"key": "[^"]*"' | tr '\n' ' ')" = '"key": "" "key": "3" ' ]
  printf '{"text":"a"}\n' >t.jsonl
  fails 1 "t.jsonl: line 1: no 'id'" lep-preprocess --key id t.jsonl
}
