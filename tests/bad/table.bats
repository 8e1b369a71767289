#!/usr/bin/env bats
# lep-preprocess on tables: what must fail, with one line saying why.

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  printf 'a,b,c\n1,2,x\n3,4,y\n' >t.csv
}

# fails STATUS WORDS COMMAND...: exit status, one line with the words on standard
# error; where the call was right, standard output is a stream that says the same.
fails() {
  local want=$1 words=$2 status=0
  shift 2
  "$@" <"${in:-/dev/null}" >out 2>err || status=$?
  if [ "$status" -ne "$want" ] || ! grep -qF -- "lep-preprocess: $words" err || [ "$(wc -l <err)" -ne $((want == 2 ? 2 : 1)) ]; then
    echo "$*: status $status, err: $(cat err)"
    return 1
  fi
  if [ "$want" -eq 2 ]; then
    [ ! -s out ]
  else
    status=0
    lep-cat --check out >/dev/null 2>why || status=$?
    [ "$status" -eq 1 ]
    grep -qF "upstream failed: lep-preprocess: $words" why
  fi
}

# rows LINE...: bad.csv with a good row first
rows() {
  printf 'a,b,c\n1,2,x\n' >bad.csv
  printf '%s\n' "$@" >>bad.csv
}

# Both ways to read rows say the same: by blocks, and one by one.
both() {
  local words=$1
  shift
  fails 1 "bad.csv: $words" lep-preprocess "$@" bad.csv
  lep-preprocess "$@" -o model t.csv
  mkfifo pipe
  cat bad.csv >pipe &
  fails 1 "pipe: $words" lep-preprocess --like model --format csv pipe
  wait $! || true
  rm pipe
}

@test "ragged rows" {
  rows '3,4'
  both 'line 3: 2 columns, where the first row has 3' --number a,b
  rows '3,4,y,5'
  both 'line 3: 4 columns, where the first row has 3' --number a,b
  rows '3,4,y' '"5,6,x'
  both 'line 4: a quote that is not closed' --number a,b
  rows '3,4,y' '5,"6"7,x'
  both 'line 4: text behind a closing quote' --number a,b
  rows '3,4,y' '5,"6""' '7",y'
  both "line 4: 'b': '6\"\\x0a7' is no number" --number a,b
}

@test "no number, infinity, too large, hexadecimal, a comma for a point" {
  for bad in abc inf -Infinity 0x10 1e 1.2.3 '1 2' 1_000 '"1,5"' --1 '(3)'; do
    rows "3,$bad,y"
    word=${bad#\"} word=${word%\"}
    both "line 3: 'b': '$word' is no number" --number a,b
  done
  rows '3,1e39,y'
  both "line 3: 'b': 1e39 is beyond the numbers of f32" --number a,b
  rows '3,1e400,y'
  both "line 3: 'b': '1e400' is no number" --number a,b
  printf '{"a": true}\n' >t.jsonl
  fails 1 "t.jsonl: line 1: 'a': 'true' is no number" lep-preprocess --number a t.jsonl
}

@test "missing without a rule, a target that is missing, a column without any number" {
  rows '3,,y'
  both "line 3: 'b' is missing" --number a,b
  both "line 3: 'b' is missing" --number a --target-number b
  rows '3,NA,y'
  both "line 3: 'b' is missing" --number a,b
  rows '3,4,'
  both "line 3: 'c' is missing" --number a --category c
  both "line 3: 'c' is missing" --number a --category c --encode ids
  printf 'a,b,c\n1,,\n2,NA,\n' >none.csv
  for rule in mean median; do
    fails 1 "none.csv: column 'b': no row has a number in it" lep-preprocess --number a,b --missing $rule none.csv
  done
  fails 1 "none.csv: column 'b': no row has a number in it" lep-preprocess --number a,b --missing 0 none.csv
  fails 1 "none.csv: column 'c': no row has a category in it" lep-preprocess --number a --category c --missing 0 none.csv
  fails 1 "none.csv: no row has a category in 'c'" lep-preprocess --category c --encode ids --missing 0 none.csv
}

@test "no such column, given twice, two of that name, a field that is there already" {
  fails 1 "t.csv: no column 'z'" lep-preprocess --number a,z t.csv
  fails 2 "--number a,a: column 'a' is given twice" lep-preprocess --number a,a t.csv
  fails 2 "--category a: column 'a' is given twice" lep-preprocess --number a --category a t.csv
  printf 'a,a\n1,2\n' >two.csv
  fails 1 "two.csv: two columns are named 'a'" lep-preprocess --number a two.csv
  fails 2 "--target-number features=b: there is a field 'features' already" lep-preprocess --number a --target-number features=b t.csv
  fails 2 "--number a,,b: a column without a name" lep-preprocess --number a,,b t.csv
  fails 2 "--number =a: a field without a name" lep-preprocess --number =a t.csv
  fails 2 "--number x: 'x' is no column's number, from 1" lep-preprocess --no-header --number x t.csv
  fails 1 "t.csv: line 1: no column 9 among 3" lep-preprocess --no-header --number 9 --scale none t.csv
  fails 2 "--category x=b,c: with --encode ids each column is a field of its own" lep-preprocess --encode ids --category x=b,c t.csv
}

@test "options that have no meaning here, or none at all" {
  fails 2 "--missing often: neither fail, mean, median, nor a number" lep-preprocess --number a --missing often t.csv
  fails 2 "--missing is about --number and --category" lep-preprocess --label c --missing mean t.csv
  fails 2 "--encode is about --category" lep-preprocess --number a --encode ids t.csv
  fails 2 "--scale is about --number" lep-preprocess --category c --scale none t.csv
  fails 2 "--scale is about pictures" lep-preprocess --label c --scale none t.csv
  fails 2 "--number *: '*' is all other columns, and there is no row of names" lep-preprocess --no-header --number '*' t.csv
  fails 2 "--number *: '*' is given twice" lep-preprocess --number '*' --number '*' t.csv
  fails 1 "no column is left for '*'" lep-preprocess --number '*' --label a --target-number b --key c t.csv
  fails 1 "t.csv: line 2: 'c': 'x' is no number" lep-preprocess --number '*' t.csv
  fails 2 "--target-scale is about --target-number" lep-preprocess --number a --target-scale measure t.csv
  fails 2 "--target-scale unit: neither none, measure, minmax" lep-preprocess --number a --target-number b --target-scale unit t.csv
  fails 2 "--tokens is about --text" lep-preprocess --number a --tokens chars t.csv
  fails 2 "--scale unit: neither none, measure, minmax" lep-preprocess --number a --scale unit t.csv
  fails 2 "--scale 1,2,3:1: neither none, measure, minmax" lep-preprocess --number a,b --scale 1,2,3:1 t.csv
  fails 2 "--scale 0:0: neither none, measure, minmax" lep-preprocess --number a,b --scale 0:0 t.csv
  fails 2 "--number a: lines have no columns" lep-preprocess --format lines --number a t.csv
  fails 2 "--size is about pictures" lep-preprocess --number a --size 3 t.csv
  lep-preprocess --number a -o model t.csv
  fails 2 "--missing and --like exclude each other" lep-preprocess --like model --missing mean t.csv
  fails 2 "--category c: model has no field for it" lep-preprocess --like model --category c t.csv
}

@test "nothing, and names alone" {
  : >empty.csv
  fails 1 "empty.csv: column 'a': no row has a number in it" lep-preprocess --number a empty.csv
  printf 'a,b\n' >head.csv
  fails 1 "head.csv: column 'a': no row has a number in it" lep-preprocess --number a head.csv
  fails 1 "<stdin>: column 'a': no row has a number in it" lep-preprocess --number a </dev/null
  fails 1 "column 'a': no row has a number in it" lep-preprocess --number a head.csv head.csv
  lep-preprocess --number a -o model t.csv
  for f in empty.csv head.csv; do
    lep-preprocess --like model $f | lep-cat --json | grep -q '"records": 0'
  done
}

@test "rows and fields that are too long" {
  { printf 'a,b,c\n1,2,x\n3,' && head -c 17000000 /dev/zero | tr '\0' 1 && printf ',y\n'; } >bad.csv
  both 'line 3: row too long' --number a,b
  rows "3,$(head -c 2000 /dev/zero | tr '\0' 7),y"
  both "line 3: 'b': '777777777777777777777777777777777777777777777777777777777777...' is no number" --number a,b
  rows "3,4,$(head -c 5000 /dev/zero | tr '\0' k)"
  fails 1 "bad.csv: line 3: 'c': a key of 5000 bytes, at most 4096" lep-preprocess --number a --key c bad.csv
}

@test "bad rows left out, or kept as bad records" {
  rows '3,abc,y' '5,6' '7,8,y'
  lep-preprocess --bad skip --number a,b --scale none -o s bad.csv 2>err
  cat >want <<'END'
lep-preprocess: bad.csv: line 3: 'b': 'abc' is no number: left out
lep-preprocess: bad.csv: line 4: 2 columns, where the first row has 3: left out
lep-preprocess: 2 bad samples left out
END
  cmp want err
  [ "$(lep-cat --tsv s | cut -f 1 | tr '\n' ' ')" = 'key 2 5 ' ]
  lep-preprocess --bad keep --number a,b -o s bad.csv 2>err
  [ "$(cat err)" = 'lep-preprocess: 2 bad samples kept as bad records' ]
  lep-cat --jsonl s | sed -n 2p | grep -qF "\"key\": \"3\", \"status\": \"bad\", \"cause\": \"'b': 'abc' is no number\""
}
