#!/usr/bin/env bats
# lep-preprocess on text: lines, tables, JSON Lines; tokens and vocabularies.

setup() {
  data=${LEP_DATA:-$BATS_TEST_DIRNAME/../../../shared/data}
  cd "$BATS_TEST_TMPDIR" || return 1
}

# capture COMMAND...: status, the files out and err; input from the file `in`
capture() {
  status=0
  "$@" <"${in:-/dev/null}" >out 2>err || status=$?
}

good() {
  capture "$@"
  if [ "$status" -ne 0 ] || [ -s err ]; then
    echo "$*: $status: $(cat err)"
    return 1
  fi
}

# The ids of a stream's first field, a line a record.
ids() { lep-cat --jsonl --values "$@" | sed 's/.*"values": \[\([^]]*\)\].*/\1/; s/ //g'; }

@test "CSV to words and classes, quotes and all" {
  printf 'text,topic\r\n"Why, today?",time\r\nHow much?,money\r\n"a ""b""\nc",money\r\n' >t.csv
  good lep-preprocess --text text --label topic -o s t.csv
  [ "$(lep-cat --table text s | tr '\n' ' ')" = '<unknown> " ? , a b c how much today why ' ]
  [ "$(lep-cat --table topic s | tr '\n' ' ')" = 'money time ' ]
  ids s >got
  cmp got - <<'END'
10,3,9,2
7,8,2
4,1,5,1,6
END
  lep-cat --drop text --csv s | cmp - <(printf 'key,topic\n2,time\n3,money\n4,money\n')
  head -c 512 s | grep -axq 'recipe text words lower rules 1 invalid fail'
}

@test "--like: lines, other columns, unknown words, labels only where they are" {
  printf 'text,topic\nWhy today?,time\nHow much?,money\n' >t.csv
  good lep-preprocess --text text --label topic -o s t.csv
  echo 'How why whence' | lep-preprocess --like s >l
  [ "$(ids l)" = 2,5,0 ]
  printf 'q,kind\nwhy,money\n' >u.csv
  good lep-preprocess --like s --text q --label kind u.csv
  [ "$(ids out)" = 5 ]
  lep-cat --drop text --csv out | cmp - <(printf 'key,topic\n2,money\n')
  good lep-preprocess --like s --text text=q u.csv
  run lep-cat --table topic out
  [ "$status" -eq 2 ]
}

@test "Banking77: all records, 77 classes, pipe and file the same" {
  [ -e "$data/banking77-train.csv" ] || skip "no data: $data"
  good lep-preprocess --text text --label category --tokens words -o s "$data/banking77-train.csv"
  [ "$(lep-cat --json s | grep -o '"records": [0-9]*')" = '"records": 10003' ]
  [ "$(lep-cat --table category s | wc -l)" -eq 77 ]
  lep-preprocess --format csv --text text --label category --tokens words <"$data/banking77-train.csv" >p
  lep-preprocess --format csv --text text --label category --tokens words < <(cat "$data/banking77-train.csv") | cmp - p
  [ "$(ids s | md5sum)" = "$(ids p | md5sum)" ]
  good lep-preprocess --like s -o t "$data/banking77-test.csv"
  [ "$(lep-cat --json t | grep -o '"records": [0-9]*')" = '"records": 3080' ]
}
